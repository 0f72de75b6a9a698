import * as oauth from "oauth4webapi";
import { type OpenIdConnectError, ProviderError, TokenError } from "../errors.js";
import type { Claims, DPoPKey, LoginEvidence } from "../model.js";
import { type Client, createClient } from "./client.js";
import { createDecrypt, remembering } from "./decryption.js";
import { assertDPoPBound, createDPoP, type DPoP, isNonceWanted } from "./dpop.js";
import { assertIdToken } from "./id-token.js";
import type { Provider } from "./provider.js";
import { idTokenError, translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { verifyWithProviderKeys } from "./provider-signature.js";
import { withoutEmptyMembers } from "./token-answer.js";
import { type TokenLifetime, tokenLifetime } from "./token-lifetime.js";

/** What a refresh asks for. There is never a code_verifier: PKCE belongs to the code. */
export interface RefreshRequest {
  readonly refreshToken: string;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly dPoPKey?: DPoPKey | undefined;
  /** Of the login that the refresh token comes from: a new ID token must be about the same (OIDC Core 12.2). */
  readonly evidence: LoginEvidence;
}

/** What came of it. */
export interface RefreshedTokens extends TokenLifetime {
  readonly accessToken: string;
  readonly tokenType: string;
  /** Absent where the provider keeps the old one. */
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** Of the new ID token. */
  readonly claims?: Claims | undefined;
  readonly scope?: string | undefined;
}

/**
 * RFC 6749 6.
 *
 * @throws TokenError `ERR_OIDC_REFRESH_REJECTED` for `invalid_grant`; ProviderError, ConfigurationError for the rest
 */
export async function refreshTokens(provider: Provider, request: RefreshRequest): Promise<RefreshedTokens> {
  const metadata = await provider.metadata();
  const client = createClient(provider, metadata);
  try {
    const dPoP = request.dPoPKey === undefined ? undefined : await createDPoP(client, request.dPoPKey);
    let response = await ask(client, request, dPoP);
    if (dPoP !== undefined && (await isNonceWanted(response))) response = await ask(client, request, dPoP);
    return await believe(provider, metadata, client, request, await withoutEmptyMembers(response));
  } catch (error) {
    throw refreshError(error, provider, client, request);
  }
}

function ask(client: Client, request: RefreshRequest, dPoP: DPoP | undefined): Promise<Response> {
  const parameters = new URLSearchParams();
  if (request.resource !== undefined) parameters.set("resource", request.resource);
  if (request.scope !== undefined) parameters.set("scope", request.scope);
  return oauth.refreshTokenGrantRequest(client.server, client.client, client.authentication, request.refreshToken, {
    ...client.requestOptions,
    additionalParameters: parameters,
    ...(dPoP !== undefined && { DPoP: dPoP }),
  });
}

async function believe(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  { evidence, dPoPKey }: RefreshRequest,
  response: Response,
): Promise<RefreshedTokens> {
  const { options } = provider;
  const opened = remembering(createDecrypt(options.decryptionKeys, "it"));
  const server = { ...client.server, issuer: evidence.issuer };
  const result = await oauth.processRefreshTokenResponse(server, client.client, response, {
    [oauth.jweDecrypt]: opened.decrypt,
  });
  if (dPoPKey !== undefined) assertDPoPBound(result.token_type);
  const told = oauth.getValidatedIdTokenClaims(result) as Claims | undefined;
  let claims: Claims | undefined;
  let idToken: string | undefined;
  if (result.id_token !== undefined && told !== undefined) {
    const signed = opened.signed(result.id_token);
    const isVerified = await verifyWithProviderKeys(
      provider,
      metadata,
      client,
      () => signed,
      (verifier, verification) => oauth.validateApplicationLevelSignature(verifier, response, verification),
    ).then(
      () => true,
      (error: unknown) => {
        // The keys cannot be had just now. The refresh token has been exchanged, so the access token is kept and the new
        // ID token is left, unread.
        if (isProviderAway(error)) return false;
        throw error;
      },
    );
    assertIdToken(told, signed, result.access_token, {
      clientId: options.clientId,
      nowSeconds: options.now(),
      clockToleranceSeconds: options.clockToleranceSeconds,
      maxAgeSeconds: undefined,
    });
    assertSameLogin(told, evidence);
    if (isVerified) {
      claims = told;
      idToken = signed;
    }
  }
  return {
    accessToken: result.access_token,
    tokenType: result.token_type,
    ...tokenLifetime(options, result.expires_in),
    refreshToken: result.refresh_token,
    idToken,
    claims,
    scope: result.scope,
  };
}

/** OIDC Core 12.2: a refresh must not turn one login into another, of someone else or of another time. */
function assertSameLogin(claims: Claims, evidence: LoginEvidence): void {
  if (claims["iss"] !== evidence.issuer) throw idTokenError("its iss is another than that of the sign-in");
  if (claims["sub"] !== evidence.subject) throw idTokenError("its sub is another than that of the sign-in");
  const { auth_time: authTime } = claims;
  if (authTime !== undefined && evidence.authTimeSeconds !== undefined && authTime !== evidence.authTimeSeconds) {
    throw idTokenError("its auth_time is another than that of the sign-in");
  }
}

function isProviderAway(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof ProviderError) return true;
  }
  return false;
}

function refreshError(error: unknown, provider: Provider, client: Client, request: RefreshRequest): OpenIdConnectError {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof oauth.ResponseBodyError && current.error === "invalid_grant") {
      return new TokenError(
        "ERR_OIDC_REFRESH_REJECTED",
        "The provider refused the refresh token (invalid_grant): it expired, was revoked, or was used before by someone else. Sign in again.",
      );
    }
  }
  const translated = translateError(error, {
    what: "the token endpoint",
    method: client.method,
    grant: "refresh token",
    // An ID token that fails is the user's matter here too, not the operator's.
    isSignIn: true,
    secrets: [provider.options.clientSecret, request.refreshToken],
  });
  if (translated.code !== "ERR_OIDC_ID_TOKEN_INVALID") return translated;
  return new TokenError("ERR_OIDC_REFRESH_REJECTED", `The refresh was refused here. ${translated.message}`);
}
