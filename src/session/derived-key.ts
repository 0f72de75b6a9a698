import { createECDH } from "node:crypto";
import type { DPoPKey } from "../model.js";

/** Order of the curve P-256 (SEC 2, 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Bytes that a key is made of: 64 bits more than the order has, so that no scalar is likelier than another. */
export const DERIVED_KEY_BYTES = 40;

/** A P-256 key pair out of secret bytes (FIPS 186-5 A.2.1): the same bytes always make the same key. */
export function ecKeyOf(secret: Buffer): DPoPKey {
  if (secret.length < DERIVED_KEY_BYTES) throw new RangeError("Too few bytes for a key.");
  const scalar = (BigInt(`0x${secret.toString("hex")}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(d);
  // Uncompressed form: a byte 4, then both coordinates.
  const point = pair.getPublicKey();
  return {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
    d: d.toString("base64url"),
  };
}
