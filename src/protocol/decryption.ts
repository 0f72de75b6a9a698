import { KeyObject } from "node:crypto";
import type { CryptoKey } from "jose";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import type { ResolvedPrivateKey } from "../options/private-key.js";
import { jsonPart } from "./jwt-json.js";
import { idTokenError } from "./provider-errors.js";

/** Turns a JWE into what it holds: the signed JWT, as a rule. */
export type Decrypt = (jwe: string) => Promise<string>;

/** Authenticated encryption alone; RSA1_5 (Bleichenbacher's attack) is not among the keys' algorithms either. */
const CONTENT_ENCRYPTION = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];

/** Keys that fit a header; a provider without `kid` in it may make us try them all. */
const MAX_TRIES = 5;

/** @throws CallbackError `ERR_OIDC_ID_TOKEN_INVALID` when no key opens it */
export function createDecrypt(keys: readonly ResolvedPrivateKey[], what: string): Decrypt {
  return async (jwe) => {
    if (keys.length === 0) {
      throw idTokenError(
        `${what} is encrypted, and idTokenDecryptionKeys is not set. Give the private key, or switch encryption off in the client's registration`,
      );
    }
    for (const { key } of fitting(keys, jwe)) {
      try {
        const { plaintext } = await compactDecrypt(jwe, key instanceof KeyObject ? key : (key as CryptoKey), {
          keyManagementAlgorithms: keys.flatMap(({ algorithms }) => algorithms),
          contentEncryptionAlgorithms: CONTENT_ENCRYPTION,
        });
        return Buffer.from(plaintext).toString("utf8");
      } catch {
        // The next key may be the one: they rotate. Which step failed is told to nobody.
      }
    }
    throw idTokenError(
      `none of idTokenDecryptionKeys opens ${what}. Compare kid and algorithm with the public keys that the provider has`,
    );
  };
}

function fitting(keys: readonly ResolvedPrivateKey[], jwe: string): readonly ResolvedPrivateKey[] {
  const { alg, kid } = jsonPart(jwe);
  const able = keys.filter(({ algorithms }) => typeof alg === "string" && algorithms.includes(alg));
  const named = able.filter((key) => kid !== undefined && key.kid === kid);
  return (named.length > 0 ? named : able).slice(0, MAX_TRIES);
}

/** Keeps what was decrypted: the token that later steps hash, and that goes back as `id_token_hint`, is the signed one. */
export function remembering(decrypt: Decrypt): { readonly decrypt: Decrypt; signed(token: string): string } {
  let opened: string | undefined;
  return {
    decrypt: async (jwe) => {
      opened = await decrypt(jwe);
      return opened;
    },
    signed: (token) => opened ?? token,
  };
}
