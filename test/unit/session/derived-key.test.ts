import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DERIVED_KEY_BYTES, ecKeyOf } from "../../../src/session/derived-key.js";

const bytes = (seed: string) => createHash("sha384").update(seed).digest().subarray(0, DERIVED_KEY_BYTES);

describe("a derived key", () => {
  it("is the same for the same bytes, and another for others", () => {
    expect(ecKeyOf(bytes("a"))).toEqual(ecKeyOf(bytes("a")));
    expect(ecKeyOf(bytes("a")).d).not.toBe(ecKeyOf(bytes("b")).d);
  });

  it.each([
    ["zeros", Buffer.alloc(DERIVED_KEY_BYTES)],
    ["ones", Buffer.alloc(DERIVED_KEY_BYTES, 0xff)],
    ["anything", bytes("c")],
  ])("of %s is a whole P-256 key that signs", (_name, secret) => {
    const jwk = ecKeyOf(secret);
    for (const name of ["x", "y", "d"] as const) expect(Buffer.from(jwk[name], "base64url")).toHaveLength(32);
    const { d: _d, ...publicJwk } = jwk;
    const signature = sign("sha256", Buffer.from("x"), createPrivateKey({ key: jwk, format: "jwk" }));
    const key = createPublicKey({ key: publicJwk, format: "jwk" });
    expect(verify("sha256", Buffer.from("x"), key, signature)).toBe(true);
  });

  it("needs enough bytes", () => {
    expect(() => ecKeyOf(Buffer.alloc(32))).toThrow(RangeError);
  });
});
