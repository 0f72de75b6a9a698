import * as oauth from "oauth4webapi";
import type { Claims } from "../model.js";
import type { Client } from "./client.js";
import { createDecrypt, type Decrypt, remembering } from "./decryption.js";
import { assertIdToken } from "./id-token.js";
import { jsonPart } from "./jwt-json.js";
import type { Provider } from "./provider.js";
import { idTokenError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { verifyWithProviderKeys } from "./provider-signature.js";
import { expectedIssuer } from "./valid-issuers.js";

/** What the challenge fixed for every ID token of its sign-in. */
export interface IdTokenChecks {
  readonly nonce: string;
  readonly maxAgeSeconds: number | undefined;
}

/** A token response whose ID token is valid in full. */
export interface IdTokenResponse {
  readonly result: oauth.TokenEndpointResponse;
  /** The signed JWT, decrypted where it came encrypted. */
  readonly idToken: string;
  readonly claims: Claims;
}

/**
 * Believes a token response, or throws: OIDC Core 3.1.3.5 and 3.1.3.7 in full. The signature counts in the code flow
 * too: TLS says who answered, the signature who issued.
 */
export async function validateIdTokenResponse(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  response: Response,
  checks: IdTokenChecks,
  hasAccessToken: boolean,
): Promise<IdTokenResponse> {
  const { options } = provider;
  const opened = remembering(createDecrypt(options.decryptionKeys, "it"));
  const issuer = await issuerOf(response, metadata, options.validIssuers, opened.decrypt);
  const server = { ...client.server, issuer };
  const result = await oauth.processAuthorizationCodeResponse(server, client.client, response, {
    expectedNonce: checks.nonce,
    requireIdToken: true,
    [oauth.jweDecrypt]: opened.decrypt,
  });
  const claims = oauth.getValidatedIdTokenClaims(result) as Claims | undefined;
  if (result.id_token === undefined || claims === undefined) throw idTokenError("the token endpoint sent none");
  const idToken = opened.signed(result.id_token);
  await verifyWithProviderKeys(
    provider,
    metadata,
    client,
    () => idToken,
    (verifier, verification) => oauth.validateApplicationLevelSignature(verifier, response, verification),
  );
  assertIdToken(claims, idToken, hasAccessToken ? result.access_token : undefined, {
    clientId: options.clientId,
    nowSeconds: options.now(),
    clockToleranceSeconds: options.clockToleranceSeconds,
    maxAgeSeconds: checks.maxAgeSeconds,
  });
  return { result, idToken, claims };
}

/**
 * That a response is of this sign-in, before an event may accept anyone by it. What else is in its ID token counts for
 * nothing yet; without one there is nothing to compare.
 *
 * @throws CallbackError `ERR_OIDC_ID_TOKEN_INVALID`
 */
export async function assertNonce({ options }: Provider, response: Response, nonce: string): Promise<void> {
  const idToken = await receivedIdToken(response, createDecrypt(options.decryptionKeys, "it"));
  if (idToken !== undefined && jsonPart(idToken.slice(idToken.indexOf(".") + 1))["nonce"] !== nonce) {
    throw idTokenError('unexpected ID Token "nonce" claim value');
  }
}

async function issuerOf(
  response: Response,
  metadata: CheckedMetadata,
  validIssuers: readonly string[] | undefined,
  decrypt: Decrypt,
): Promise<string> {
  const idToken = validIssuers === undefined ? undefined : await receivedIdToken(response, decrypt);
  return idToken === undefined ? metadata.issuer : expectedIssuer(metadata, validIssuers, idToken);
}

/** The ID token of a response, decrypted where it came encrypted. */
async function receivedIdToken(response: Response, decrypt: Decrypt): Promise<string | undefined> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const idToken = (body as { readonly id_token?: unknown } | null | undefined)?.id_token;
  if (typeof idToken !== "string") return undefined;
  return idToken.split(".").length === 5 ? decrypt(idToken) : idToken;
}
