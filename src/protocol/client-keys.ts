import { KeyObject, webcrypto } from "node:crypto";
import type { ResolvedPrivateKey } from "../options/private-key.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** A key of ours that is ready to sign, and the `alg` that says how. */
export interface SigningKey {
  readonly key: webcrypto.CryptoKey;
  readonly kid: string | undefined;
  readonly alg: string;
}

const imported = new WeakMap<KeyObject, Map<string, Promise<webcrypto.CryptoKey>>>();

/**
 * The key with the algorithm that the provider takes, where it says so; the import is done once.
 *
 * @param supported name of the metadata field that lists the provider's algorithms
 */
export async function signingKey(
  own: ResolvedPrivateKey,
  metadata: CheckedMetadata,
  supported: string,
): Promise<SigningKey> {
  const listed: unknown = metadata[supported];
  const fitting = own.algorithms.find((name) => Array.isArray(listed) && listed.includes(name));
  const alg = fitting ?? own.algorithms[0] ?? "RS256";
  return { key: await cryptoKey(own.key, alg), kid: own.kid, alg };
}

function cryptoKey(key: ResolvedPrivateKey["key"], alg: string): webcrypto.CryptoKey | Promise<webcrypto.CryptoKey> {
  if (!(key instanceof KeyObject)) return key;
  const byAlgorithm = imported.get(key) ?? new Map<string, Promise<webcrypto.CryptoKey>>();
  imported.set(key, byAlgorithm);
  let promise = byAlgorithm.get(alg);
  if (promise === undefined) {
    promise = webcrypto.subtle.importKey("jwk", key.export({ format: "jwk" }), importAlgorithm(alg), false, ["sign"]);
    byAlgorithm.set(alg, promise);
  }
  return promise;
}

function importAlgorithm(
  alg: string,
): webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | { name: string } {
  const bits = alg.slice(2);
  if (alg.startsWith("RS")) return { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${bits}` };
  if (alg.startsWith("PS")) return { name: "RSA-PSS", hash: `SHA-${bits}` };
  if (alg.startsWith("ES")) return { name: "ECDSA", namedCurve: bits === "512" ? "P-521" : `P-${bits}` };
  return { name: "Ed25519" };
}
