import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";

export type Json = Record<string, unknown>;

export interface SigningKey {
  readonly kid: string;
  readonly alg: "RS256" | "PS256" | "ES256" | "EdDSA";
  readonly privateKey: KeyObject;
  readonly jwk: Json;
}

export function createKey(alg: SigningKey["alg"] = "RS256"): SigningKey {
  const { privateKey, publicKey } = keyPair(alg);
  const kid = randomBytes(6).toString("hex");
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}

function keyPair(alg: SigningKey["alg"]): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  return alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("rsa", { modulusLength: 2048 });
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
  return sign("sha256", data, { key: key.privateKey, ...manner(alg) });
}

function manner(alg: string) {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return { dsaEncoding: "ieee-p1363", ...(alg === "PS256" && pss) } as const;
}

/** Header and claims of a JWS that a client signed, or undefined where its signature is not this key's. */
export function readJwt(
  jwt: string,
  keyOf: (header: Json) => unknown,
): { readonly header: Json; readonly claims: Json } | undefined {
  try {
    const [head = "", payload = "", mark = ""] = jwt.split(".");
    const read = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString()) as Json;
    const header = read(head);
    const alg = String(header["alg"]);
    const key = createPublicKey({ key: keyOf(header) as JsonWebKey, format: "jwk" });
    const hash = alg === "EdDSA" || alg === "Ed25519" ? null : "sha256";
    const data = Buffer.from(`${head}.${payload}`);
    const isGood = verify(hash, data, { key, ...manner(alg) }, Buffer.from(mark, "base64url"));
    return isGood ? { header, claims: read(payload) } : undefined;
  } catch {
    return undefined;
  }
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
