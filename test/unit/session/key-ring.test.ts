import { describe, expect, it } from "vitest";
import { createKeyRing } from "../../../src/session/key-ring.js";

const OLD = "old-0123456789-0123456789-0123456789";
const NEW = "new-0123456789-0123456789-0123456789";
const keys = createKeyRing([NEW]);
const bytes = Buffer.from("what nobody may read");

describe("a key ring", () => {
  it("opens what it sealed", () => {
    const opened = keys.open("ticket", keys.seal("ticket", bytes));
    expect(opened?.plaintext.toString()).toBe("what nobody may read");
    expect(opened?.keyIndex).toBe(0);
  });

  it("seals nothing at all and opens it", () => {
    expect(keys.open("ticket", keys.seal("ticket", Buffer.alloc(0)))?.plaintext.length).toBe(0);
  });

  it("seals the same bytes differently each time", () => {
    const sealed = new Set(Array.from({ length: 50 }, () => keys.seal("ticket", bytes)));
    expect(sealed.size).toBe(50);
  });

  it("writes version, iv, ciphertext and tag, in base64url", () => {
    const sealed = keys.seal("ticket", bytes);
    expect(sealed).toMatch(/^[\w-]+$/);
    const raw = Buffer.from(sealed, "base64url");
    expect(raw[0]).toBe(1);
    expect(raw.length).toBe(1 + 12 + bytes.length + 16);
    expect(raw.includes(bytes)).toBe(false);
  });

  it("opens what an older secret sealed, and says which", () => {
    const sealed = createKeyRing([OLD]).seal("ticket", bytes);
    expect(createKeyRing([NEW, OLD]).open("ticket", sealed)?.keyIndex).toBe(1);
  });

  it("seals with the first secret alone", () => {
    const sealed = createKeyRing([NEW, OLD]).seal("ticket", bytes);
    expect(createKeyRing([OLD]).open("ticket", sealed)).toBeUndefined();
    expect(keys.open("ticket", sealed)?.keyIndex).toBe(0);
  });

  it("does not open what another secret sealed", () => {
    expect(keys.open("ticket", createKeyRing([OLD]).seal("ticket", bytes))).toBeUndefined();
  });

  it("does not open one purpose as another", () => {
    const sealed = keys.seal("transaction", bytes);
    expect(keys.open("ticket", sealed)).toBeUndefined();
    expect(keys.open("sign-out", sealed)).toBeUndefined();
  });

  it("does not open with another context, or without the one it was sealed with", () => {
    const sealed = keys.seal("ticket", bytes, "session a");
    expect(keys.open("ticket", sealed, "session a")?.plaintext.equals(bytes)).toBe(true);
    expect(keys.open("ticket", sealed, "session b")).toBeUndefined();
    expect(keys.open("ticket", sealed)).toBeUndefined();
  });

  it("does not open after any single bit has changed", () => {
    const raw = Buffer.from(keys.seal("ticket", bytes), "base64url");
    for (let bit = 0; bit < raw.length * 8; bit++) {
      const changed = Buffer.from(raw);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(keys.open("ticket", changed.toString("base64url"))).toBeUndefined();
    }
  });

  it("does not open what is cut off, at any length", () => {
    const sealed = keys.seal("ticket", bytes);
    for (let length = 0; length < sealed.length; length++) {
      expect(keys.open("ticket", sealed.slice(0, length))).toBeUndefined();
    }
  });

  it.each([
    ["padding", (text: string) => `${text}=`],
    ["a blank after it", (text: string) => `${text} `],
    ["a line break within", (text: string) => `${text.slice(0, 9)}\n${text.slice(9)}`],
    ["a character of no alphabet", (text: string) => `${text.slice(0, 9)}!${text.slice(9)}`],
    ["a letter beyond ASCII", (text: string) => `${text}é`],
    ["quotes", (text: string) => `"${text}"`],
  ])("does not open the same value spelt with %s", (_, spell) => {
    expect(keys.open("ticket", spell(keys.seal("ticket", bytes)))).toBeUndefined();
  });

  it("does not open the same value in the other base64 alphabet", () => {
    let sealed = keys.seal("ticket", bytes);
    while (!/[-_]/.test(sealed)) sealed = keys.seal("ticket", bytes);
    expect(keys.open("ticket", sealed.replaceAll("-", "+").replaceAll("_", "/"))).toBeUndefined();
  });

  it("does not open the same value with other unused bits at its end", () => {
    // 1 + 12 + 21 + 16 = 50 bytes: the last character holds four bits that no byte takes.
    const sealed = keys.seal("ticket", Buffer.alloc(21));
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const same = [...alphabet].filter((last) =>
      Buffer.from(sealed.slice(0, -1) + last, "base64url").equals(Buffer.from(sealed, "base64url")),
    );
    expect(same.length).toBeGreaterThan(1);
    expect(same.filter((last) => keys.open("ticket", sealed.slice(0, -1) + last) !== undefined)).toHaveLength(1);
  });

  it("derives the same bytes for the same id, others for another id, purpose or secret", () => {
    const id = Buffer.alloc(16, 7);
    const one = keys.derive("nonce", id, 0, 32);
    expect(one.length).toBe(32);
    expect(createKeyRing([NEW]).derive("nonce", id, 0, 32)).toEqual(one);
    expect(createKeyRing([OLD, NEW]).derive("nonce", id, 1, 32)).toEqual(one);
    expect(keys.derive("nonce", Buffer.alloc(16, 8), 0, 32)).not.toEqual(one);
    expect(keys.derive("pkce", id, 0, 32)).not.toEqual(one);
    expect(createKeyRing([OLD, NEW]).derive("nonce", id, 0, 32)).not.toEqual(one);
  });

  it("is not made without a secret, for everybody knows the key of none", () => {
    expect(() => createKeyRing([])).toThrow(TypeError);
    expect(() => createKeyRing([NEW, ""])).toThrow(TypeError);
  });
});
