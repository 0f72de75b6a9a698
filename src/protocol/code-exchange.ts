import * as oauth from "oauth4webapi";
import type { Claims, DPoPKey, LoginEvidence, SavedTokens } from "../model.js";
import { type Client, createClient } from "./client.js";
import { assertDPoPBound, createDPoP, type DPoP, isNonceWanted } from "./dpop.js";
import { assertSameLogin, type FrontChannelLogin } from "./front-channel.js";
import { loginEvidence } from "./id-token.js";
import { assertNonce, validateIdTokenResponse } from "./id-token-response.js";
import type { Provider } from "./provider.js";
import { type Operation, translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { withoutEmptyMembers } from "./token-answer.js";
import { tokenLifetime } from "./token-lifetime.js";

/** A code that came back, and what its challenge fixed. */
export interface CodeExchange {
  /** The answer's parameters; `state`, `iss` and `error` have been checked by the caller. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly redirectUri: string;
  readonly codeVerifier: string | undefined;
  readonly nonce: string;
  readonly maxAgeSeconds: number | undefined;
  readonly tokenParameters: Readonly<Record<string, string>>;
  /** Of the ID token that came with the code, where one did. */
  readonly frontChannel?: FrontChannelLogin | undefined;
  /** The session's key, where its tokens are to be bound to one. */
  readonly dPoPKey?: DPoPKey | undefined;
}

/** An answer of the token endpoint that nothing has been believed of yet. */
export interface TokenResponse {
  /** Its body, where that is a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
  /** An ID token of another sign-in ends here, before an event may accept anyone. */
  assertNonce(): Promise<void>;
  /** Believes it, or throws: OIDC Core 3.1.3.5 and 3.1.3.7 in full. */
  validate(): Promise<ValidatedTokens>;
}

/** Tokens that may sign someone in. */
export interface ValidatedTokens {
  readonly tokens: SavedTokens;
  /** Of the ID token. */
  readonly claims: Claims;
  readonly evidence: LoginEvidence;
  readonly grantedScopes: readonly string[];
}

/**
 * Redeems a code (OIDC Core 3.1.3.1), in two steps so that an event can stand between them.
 *
 * @throws OpenIdConnectError translated from what the provider said or failed to say
 */
export async function redeemCode(
  provider: Provider,
  metadata: CheckedMetadata,
  exchange: CodeExchange,
): Promise<TokenResponse> {
  const { options } = provider;
  const client = createClient(provider, metadata);
  const operation: Operation = {
    what: "the token endpoint",
    method: client.method,
    isSignIn: true,
    secrets: [options.clientSecret, exchange.parameters["code"], exchange.codeVerifier],
  };
  try {
    const dPoP = exchange.dPoPKey === undefined ? undefined : await createDPoP(client, exchange.dPoPKey);
    let response = await requestTokens(client, exchange, dPoP);
    // RFC 9449 8: the first answer may only tell the nonce that proofs are to carry.
    if (dPoP !== undefined && (await isNonceWanted(response))) response = await requestTokens(client, exchange, dPoP);
    response = await withoutEmptyMembers(response);
    const parsed: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    const body = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
    return {
      body,
      assertNonce: () => assertNonce(provider, response, exchange.nonce),
      validate: () =>
        validate(provider, metadata, client, exchange, response).catch((error: unknown) => {
          throw translateError(error, operation);
        }),
    };
  } catch (error) {
    throw translateError(error, operation);
  }
}

function requestTokens(client: Client, exchange: CodeExchange, dPoP: DPoP | undefined): Promise<Response> {
  // oauth4webapi wants to have seen the answer: of it the code alone goes on, the rest has been checked by now.
  const answer = oauth.validateAuthResponse(
    { ...client.server, authorization_response_iss_parameter_supported: false },
    client.client,
    new URLSearchParams({ code: exchange.parameters["code"] ?? "" }),
    oauth.skipStateCheck,
  );
  return oauth.authorizationCodeGrantRequest(
    client.server,
    client.client,
    client.authentication,
    answer,
    exchange.redirectUri,
    exchange.codeVerifier ?? oauth.nopkce,
    {
      ...client.requestOptions,
      additionalParameters: { ...exchange.tokenParameters },
      ...(dPoP !== undefined && { DPoP: dPoP }),
    },
  );
}

async function validate(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  exchange: CodeExchange,
  response: Response,
): Promise<ValidatedTokens> {
  const { options } = provider;
  const { result, idToken, claims } = await validateIdTokenResponse(
    provider,
    metadata,
    client,
    response,
    exchange,
    true,
  );
  if (exchange.frontChannel !== undefined) assertSameLogin(exchange.frontChannel, claims);
  if (exchange.dPoPKey !== undefined) assertDPoPBound(result.token_type);
  const { expiresAtSeconds, lifetimeSeconds } = tokenLifetime(options, result.expires_in);
  return {
    tokens: {
      accessToken: result.access_token,
      idToken,
      refreshToken: result.refresh_token,
      tokenType: result.token_type,
      dPoPKey: exchange.dPoPKey,
      accessTokenExpiresAtSeconds: expiresAtSeconds,
      accessTokenLifetimeSeconds: lifetimeSeconds,
    },
    claims,
    evidence: loginEvidence(claims),
    // RFC 6749 5.1: left out means that all was granted.
    grantedScopes: result.scope === undefined ? options.scope : result.scope.split(" ").filter((name) => name !== ""),
  };
}
