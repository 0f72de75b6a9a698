import { record } from "./checks.js";
import type { OpenIdConnectOptions } from "./open-id-connect-options.js";
import { type PrivateKeyMaterial, privateKey, type ResolvedPrivateKey } from "./private-key.js";
import type { Problems } from "./problems.js";

/** The key of signed authorization requests (RFC 9101). */
export function requestObjectKey(
  problems: Problems,
  given: OpenIdConnectOptions["requestObject"],
): ResolvedPrivateKey | undefined {
  if (given === undefined) return undefined;
  if (record(problems, "requestObject", given) !== given) return undefined;
  if (given.key === undefined) {
    problems.unknownKeys("requestObject", given, { key: true, kid: true, alg: true });
    problems.add("requestObject.key", "is missing: the private key that signs the authorization request.");
    return undefined;
  }
  return privateKey(problems, "requestObject", given, "sign");
}

export function decryptionKeys(
  problems: Problems,
  given: OpenIdConnectOptions["idTokenDecryptionKeys"],
): readonly ResolvedPrivateKey[] {
  if (given === undefined) return [];
  const list = Array.isArray(given) ? given : [given as PrivateKeyMaterial];
  if (list.length === 0) problems.add("idTokenDecryptionKeys", "is an empty list; leave it out, or give a key.");
  return list
    .map((key, position) => privateKey(problems, `idTokenDecryptionKeys[${position}]`, key, "decrypt"))
    .filter((key) => key !== undefined);
}
