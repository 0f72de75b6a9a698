import { createHash, webcrypto } from "node:crypto";
import * as oauth from "oauth4webapi";
import { ConfigurationError } from "../errors.js";
import type { DPoPKey } from "../model.js";
import type { Client } from "./client.js";

/** Makes proofs with one key, and remembers the nonces that servers ask for. */
export type DPoP = oauth.DPoPHandle;

const ES256 = { name: "ECDSA", namedCurve: "P-256" };

/** Proofs of possession (RFC 9449 4) with a session's key. */
export async function createDPoP(client: Pick<Client, "client">, { kty, crv, x, y, d }: DPoPKey): Promise<DPoP> {
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey("jwk", { kty, crv, x, y, d }, ES256, false, ["sign"]),
    // Extractable, because its public form stands in each proof.
    webcrypto.subtle.importKey("jwk", { kty, crv, x, y }, ES256, true, ["verify"]),
  ]);
  return oauth.DPoP(client.client, { privateKey, publicKey });
}

/** `dpop_jkt` (RFC 9449 10): binds the code itself to the key. The thumbprint's fields and order are RFC 7638 3.2's. */
export function dPoPThumbprint({ crv, kty, x, y }: DPoPKey): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

/** Whether an answer of the token endpoint only wants a nonce in the proof (RFC 9449 8). */
export async function isNonceWanted(response: Response): Promise<boolean> {
  if (response.status !== 400 && response.status !== 401) return false;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  return (body as { readonly error?: unknown } | null | undefined)?.error === "use_dpop_nonce";
}

/** RFC 9449 5: a Bearer token in answer to a proof is not bound to anything; whoever has it could use it. */
export function assertDPoPBound(tokenType: string): void {
  if (tokenType === "dpop") return;
  throw new ConfigurationError(
    "ERR_OIDC_DPOP_REJECTED",
    "dPoP is on, and the provider answered with a token that is not bound to the key (token_type is not DPoP). Switch DPoP on for this client at the provider, or set dPoP to false.",
  );
}
