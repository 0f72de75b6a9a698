import { describe, expect, it } from "vitest";
import { ExpiringMap } from "../../../src/session/expiring-map.js";
import { createUsedTransactions } from "../../../src/session/used-transactions.js";

function clock(start = 1_790_000_000) {
  const time = { seconds: start, now: () => time.seconds };
  return time;
}

describe("an expiring map", () => {
  it("has an entry until its time, and not from then on", () => {
    const time = clock();
    const map = new ExpiringMap<string>(10, time.now);
    map.set("a", "1", time.seconds + 5);
    time.seconds += 4;
    expect(map.get("a")).toBe("1");
    time.seconds += 1;
    expect(map.get("a")).toBeUndefined();
    expect(map.has("a")).toBe(false);
  });

  it("never holds more than its limit, and drops the oldest first", () => {
    const time = clock();
    const map = new ExpiringMap<number>(3, time.now);
    for (let n = 0; n < 10; n++) map.set(`${n}`, n, time.seconds + 100);
    expect(map.size).toBe(3);
    expect([...map.entries()].map(([key]) => key)).toEqual(["7", "8", "9"]);
  });

  it("lets go of what has expired when something is added", () => {
    const time = clock();
    const map = new ExpiringMap<number>(1000, time.now);
    for (let n = 0; n < 500; n++) map.set(`${n}`, n, time.seconds + 10);
    time.seconds += 120;
    map.set("later", 1, time.seconds + 10);
    expect(map.size).toBe(1);
  });

  it("goes on when the clock is set back", () => {
    const time = clock();
    const map = new ExpiringMap<number>(10, time.now);
    map.set("a", 1, time.seconds + 10);
    time.seconds -= 100_000;
    map.set("b", 2, time.seconds + 10);
    time.seconds += 60 + 1;
    map.set("c", 3, time.seconds + 10);
    expect(map.get("b")).toBeUndefined();
    expect(map.size).toBe(2);
  });

  it("does not end an entry earlier when it is set again", () => {
    const time = clock();
    const map = new ExpiringMap<number>(10, time.now);
    map.set("a", 1, time.seconds + 100);
    map.set("a", 2, time.seconds + 10);
    time.seconds += 50;
    expect(map.get("a")).toBe(2);
  });

  it("replaces a value that is there and adds none", () => {
    const time = clock();
    const map = new ExpiringMap<number>(10, time.now);
    map.set("a", 1, time.seconds + 10);
    map.replace("a", 2);
    map.replace("b", 2);
    expect(map.get("a")).toBe(2);
    expect(map.has("b")).toBe(false);
    time.seconds += 10;
    expect(map.has("a")).toBe(false);
  });
});

describe("used transactions", () => {
  it("lets a transaction be used once", () => {
    const time = clock();
    const used = createUsedTransactions(time.now);
    expect(used.use("t", time.seconds + 10)).toBe(true);
    expect(used.use("t", time.seconds + 10)).toBe(false);
    expect(used.use("u", time.seconds + 10)).toBe(true);
  });

  it("is still used after it was settled", () => {
    const time = clock();
    const used = createUsedTransactions(time.now);
    used.use("t", time.seconds + 10);
    used.settle("t", "alice");
    expect(used.use("t", time.seconds + 10)).toBe(false);
  });

  it("tells who came of it, and of an unsettled one nobody", () => {
    const time = clock();
    const used = createUsedTransactions(time.now);
    used.use("t", time.seconds + 10);
    expect(used.outcome("t")).toBeUndefined();
    used.settle("t", "alice");
    expect(used.outcome("t")).toBe("alice");
    used.settle("never used", "mallory");
    expect(used.outcome("never used")).toBeUndefined();
    time.seconds += 10;
    expect(used.outcome("t")).toBeUndefined();
  });
});
