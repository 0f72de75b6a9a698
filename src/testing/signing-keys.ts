import { createPublicKey, generateKeyPairSync, type JsonWebKey, randomBytes, verify } from "node:crypto";

/** A private key as oidc-provider takes it. */
export type SigningKey = JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: "sig" };

/** One key for each algorithm that clients may ask for. RS256 comes first: it is the default. */
export function createSigningKeys(): readonly SigningKey[] {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const ed = generateKeyPairSync("ed25519").privateKey;
  return [
    { ...rsa.export({ format: "jwk" }), kid: kid(), alg: "RS256", use: "sig" },
    { ...rsa.export({ format: "jwk" }), kid: kid(), alg: "PS256", use: "sig" },
    { ...ec.export({ format: "jwk" }), kid: kid(), alg: "ES256", use: "sig" },
    { ...ed.export({ format: "jwk" }), kid: kid(), alg: "EdDSA", use: "sig" },
  ];
}

function kid(): string {
  return randomBytes(8).toString("hex");
}

/** The `jti` of an access token that one of these keys signed with RS256. */
export function tokenIdOf(token: string, keys: readonly SigningKey[]): string | undefined {
  const [header, payload, signature] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const signed = Buffer.from(`${header}.${payload}`);
  const isOurs = keys
    .filter(({ alg }) => alg === "RS256")
    .some((key) =>
      verify("sha256", signed, createPublicKey({ key, format: "jwk" }), Buffer.from(signature, "base64url")),
    );
  if (!isOurs) return undefined;
  const { jti } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { readonly jti?: string };
  return jti;
}
