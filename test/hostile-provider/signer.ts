import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export type Json = Record<string, unknown>;

export interface SigningKey {
  readonly kid: string;
  readonly alg: "RS256" | "ES256" | "EdDSA";
  readonly privateKey: KeyObject;
  readonly jwk: Json;
}

export function createKey(alg: SigningKey["alg"] = "RS256"): SigningKey {
  const { privateKey, publicKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : alg === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("ed25519");
  const kid = randomBytes(6).toString("hex");
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}

/** A compact JWS, with whatever header a test wants it to have. */
export function signJwt(claims: Json, key: SigningKey, header: Json = {}, secret = ""): string {
  const full: Json = { alg: key.alg, kid: key.kid, typ: "JWT", ...header };
  const signed = `${part(full)}.${part(claims)}`;
  return `${signed}.${signature(String(full["alg"]), Buffer.from(signed), key, secret).toString("base64url")}`;
}

function signature(alg: string, data: Buffer, key: SigningKey, secret: string): Buffer {
  if (alg === "none") return Buffer.alloc(0);
  if (alg === "HS256") return createHmac("sha256", secret).update(data).digest();
  if (key.alg === "EdDSA") return sign(null, data, key.privateKey);
  return sign("sha256", data, { key: key.privateKey, dsaEncoding: "ieee-p1363" });
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** `at_hash` and `c_hash` (OIDC Core 3.1.3.6); Ed25519 hashes with SHA-512. */
export function leftHash(value: string, { alg }: Pick<SigningKey, "alg">): string {
  const digest = createHash(alg === "EdDSA" ? "sha512" : "sha256")
    .update(value)
    .digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
}
