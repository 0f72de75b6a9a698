import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createTicketCache } from "../../../src/session/ticket-cache.js";

const sealed = (n: number, length = 1000) => `${"s".repeat(length - 24)}${String(n).padStart(24, "0")}`;

describe("a ticket cache", () => {
  it("has what was set, by the whole text", () => {
    const cache = createTicketCache<number>(1_000_000);
    cache.set(sealed(1), 1, 100);
    expect(cache.get(sealed(1))).toBe(1);
    expect(cache.get(sealed(2))).toBeUndefined();
  });

  it("does not take a text for another that ends alike", () => {
    const cache = createTicketCache<string>(1_000_000);
    cache.set(sealed(1), "mine", 100);
    expect(cache.get(`x${sealed(1)}`)).toBeUndefined();
    expect(cache.get(`x${sealed(1).slice(1)}`)).toBeUndefined();
    expect(cache.get(sealed(1).slice(-24))).toBeUndefined();
    expect(cache.get("")).toBeUndefined();
  });

  it("keeps an entry when a forged text with the same end asks, or is deleted", () => {
    const cache = createTicketCache<string>(1_000_000);
    cache.set(sealed(1), "mine", 100);
    cache.get(`x${sealed(1).slice(1)}`);
    cache.delete(`x${sealed(1).slice(1)}`);
    expect(cache.get(sealed(1))).toBe("mine");
  });

  it("forgets what is deleted, in whichever generation it is", () => {
    const cache = createTicketCache<number>(40_000);
    for (let n = 0; n < 40; n++) {
      cache.set(sealed(n), n, 100);
      cache.get(sealed(Math.max(0, n - 5)));
    }
    for (let n = 0; n < 40; n++) {
      cache.delete(sealed(n));
      expect(cache.get(sealed(n))).toBeUndefined();
    }
  });

  it("never keeps more than its bytes", () => {
    const cache = createTicketCache<number>(100_000);
    for (let n = 0; n < 1000; n++) cache.set(sealed(n), n, 5000);
    let kept = 0;
    for (let n = 0; n < 1000; n++) if (cache.get(sealed(n)) !== undefined) kept++;
    expect(kept).toBeGreaterThan(5);
    expect(kept * (5000 + 2 * 1000)).toBeLessThanOrEqual(100_000);
  });

  it("counts an entry that is set again once", () => {
    const cache = createTicketCache<number>(100_000);
    cache.set(sealed(0), 0, 5000);
    for (let n = 0; n < 1000; n++) cache.set(sealed(1), n, 5000);
    expect(cache.get(sealed(0))).toBe(0);
    expect(cache.get(sealed(1))).toBe(999);
  });

  it("does not keep what is larger than its share, and drops nothing for it", () => {
    const cache = createTicketCache<number>(100_000);
    cache.set(sealed(1), 1, 100);
    cache.set(sealed(2), 2, 60_000);
    expect(cache.get(sealed(2))).toBeUndefined();
    expect(cache.get(sealed(1))).toBe(1);
  });

  it("keeps what is used and drops what is not", () => {
    const cache = createTicketCache<number>(100_000);
    cache.set(sealed(0), 0, 1000);
    cache.set(sealed(1), 1, 1000);
    for (let n = 2; n < 500; n++) {
      cache.set(sealed(n), n, 1000);
      expect(cache.get(sealed(0))).toBe(0);
    }
    expect(cache.get(sealed(1))).toBeUndefined();
  });

  it("does not keep the Cookie headers that its texts were cut from", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const cache = createTicketCache<number>(2_000_000);
    const filler = "x".repeat(100_000);
    // A header as it comes off the wire: one flat text of its own.
    const headerOf = (n: number) => Buffer.from(`${filler}${sealed(n)}`).toString("latin1");
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1000; n++) {
      cache.set(headerOf(n).slice(filler.length), n, 100);
      // Asked for again, it moves to the younger generation.
      cache.get(headerOf(Math.max(0, n - 300)).slice(filler.length));
    }
    collect();
    // 1,000 headers have 100 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
    expect(cache.get(sealed(999))).toBe(999);
  });
});
