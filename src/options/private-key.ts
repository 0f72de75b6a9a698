import { createPrivateKey, type JsonWebKey, type KeyObject, type webcrypto } from "node:crypto";
import { types } from "node:util";
import { describe, quote } from "./checks.js";
import type { Problems } from "./problems.js";

/** A private key of the client: a JWK, PEM text, Node's `KeyObject` or a `CryptoKey`. */
export type PrivateKeyMaterial = JsonWebKey | string | KeyObject | webcrypto.CryptoKey;

/** A private key with what its own form cannot say. */
export interface NamedPrivateKey {
  readonly key: PrivateKeyMaterial;
  /** `kid` under which the provider knows the public key. */
  readonly kid?: string | undefined;
  /** Algorithm that the key is used with, such as `PS256`. @defaultValue by the key, and by what the provider takes */
  readonly alg?: string | undefined;
}

/** A private key that was read, and the algorithms it may be used with: the first is the one to prefer. */
export interface ResolvedPrivateKey {
  readonly key: KeyObject | webcrypto.CryptoKey;
  readonly kid: string | undefined;
  readonly algorithms: readonly string[];
}

/** What a key is for. */
type KeyUse = "sign" | "decrypt";

/** Reads a key at start, so that a wrong one is told there; never puts any of it into a message. */
export function privateKey(
  problems: Problems,
  path: string,
  given: PrivateKeyMaterial | NamedPrivateKey,
  use: KeyUse,
): ResolvedPrivateKey | undefined {
  const named: NamedPrivateKey = isNamed(given) ? given : { key: given };
  if (named === given) problems.unknownKeys(path, given, { key: true, kid: true, alg: true });
  const jwk = isJwk(named.key) ? named.key : undefined;
  const key = readKey(problems, named === given ? `${path}.key` : path, named.key);
  if (key === undefined) return undefined;
  if (key.type !== "private") {
    problems.add(path, `is a ${key.type} key; give the private one, whose public half the provider knows.`);
    return undefined;
  }
  const possible = "algorithm" in key ? ofCryptoKey(key, use) : ofKeyObject(key as KeyObject, use);
  if (possible.length === 0) {
    problems.add(
      path,
      use === "sign"
        ? "cannot sign with a safe algorithm: give an RSA key of 2,048 bits or more, P-256, P-384, P-521 or Ed25519."
        : "cannot decrypt: give an RSA key of 2,048 bits or more (RSA-OAEP), or P-256, P-384, P-521 or X25519 (ECDH-ES).",
    );
    return undefined;
  }
  const alg: unknown = named.alg ?? jwk?.["alg"];
  const kid: unknown = named.kid ?? jwk?.["kid"];
  if (kid !== undefined && typeof kid !== "string") problems.add(`${path}.kid`, `must be a text, is ${describe(kid)}.`);
  if (alg !== undefined && !possible.includes(String(alg))) {
    problems.add(`${path}.alg`, `must be one of ${possible.join(", ")} for this key, is ${quote(alg)}.`);
  }
  return {
    key,
    kid: typeof kid === "string" ? kid : undefined,
    algorithms: alg === undefined ? possible : [String(alg)],
  };
}

function isNamed(given: PrivateKeyMaterial | NamedPrivateKey): given is NamedPrivateKey {
  return typeof given === "object" && given !== null && "key" in given && !isJwk(given);
}

function isJwk(given: unknown): given is JsonWebKey {
  return typeof given === "object" && given !== null && "kty" in given && typeof given.kty === "string";
}

function readKey(
  problems: Problems,
  path: string,
  given: PrivateKeyMaterial,
): KeyObject | webcrypto.CryptoKey | undefined {
  if (types.isKeyObject(given) || types.isCryptoKey(given)) return given;
  if (isJwk(given) && given["d"] === undefined) {
    problems.add(path, "is a JWK without a private part (d); give the private key.");
    return undefined;
  }
  if (!isJwk(given) && typeof given !== "string") {
    problems.add(path, `must be a JWK, PEM text, KeyObject or CryptoKey, is ${describe(given)}.`);
    return undefined;
  }
  try {
    return createPrivateKey(isJwk(given) ? { key: given, format: "jwk" } : given);
  } catch {
    // The reason that Node gives may quote what it was given.
    problems.add(path, "cannot be read as a private key: give an unencrypted PEM, or a JWK, that is whole.");
    return undefined;
  }
}

const RSA_SIGNATURES = ["RS256", "PS256", "RS384", "RS512", "PS384", "PS512"] as const;
const RSA_ENCRYPTION = ["RSA-OAEP-256", "RSA-OAEP", "RSA-OAEP-384", "RSA-OAEP-512"] as const;
const ECDH = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"] as const;
const EDWARDS = ["EdDSA", "Ed25519"] as const;
const EC_SIGNATURES: Readonly<Record<string, string>> = {
  ...{ "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" },
  ...{ prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" },
};
const LEAST_RSA_BITS = 2_048;

function ofKeyObject(key: KeyObject, use: KeyUse): readonly string[] {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      if (modulusLength < LEAST_RSA_BITS) return [];
      return use === "sign" ? RSA_SIGNATURES : RSA_ENCRYPTION;
    case "ec": {
      const signature = EC_SIGNATURES[namedCurve];
      if (signature === undefined) return [];
      return use === "sign" ? [signature] : ECDH;
    }
    case "ed25519":
      return use === "sign" ? EDWARDS : [];
    case "x25519":
      return use === "sign" ? [] : ECDH;
    default:
      return [];
  }
}

function ofCryptoKey(key: webcrypto.CryptoKey, use: KeyUse): readonly string[] {
  const { name, hash, namedCurve, modulusLength } = key.algorithm as {
    readonly name: string;
    readonly hash?: { readonly name: string };
    readonly namedCurve?: string;
    readonly modulusLength?: number;
  };
  if (modulusLength !== undefined && modulusLength < LEAST_RSA_BITS) return [];
  const bits = hash?.name.slice(-3) ?? "";
  if (use === "sign") {
    if (!key.usages.includes("sign")) return [];
    if (name === "RSASSA-PKCS1-v1_5") return [`RS${bits}`].filter((alg) => /^RS(256|384|512)$/.test(alg));
    if (name === "RSA-PSS") return [`PS${bits}`].filter((alg) => /^PS(256|384|512)$/.test(alg));
    if (name === "ECDSA") return [EC_SIGNATURES[namedCurve ?? ""]].filter((alg) => alg !== undefined);
    return name === "Ed25519" ? EDWARDS : [];
  }
  if (name === "RSA-OAEP") return [hash?.name === "SHA-1" ? "RSA-OAEP" : `RSA-OAEP-${bits}`];
  return name === "ECDH" || name === "X25519" ? ECDH : [];
}
