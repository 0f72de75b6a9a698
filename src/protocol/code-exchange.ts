import * as oauth from "oauth4webapi";
import type { Claims, LoginEvidence, SavedTokens } from "../model.js";
import { assertIdToken, loginEvidence } from "./id-token.js";
import { type Client, createClient, type Provider } from "./provider.js";
import { idTokenError, type Operation, translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** A code that came back, and what its challenge fixed. */
export interface CodeExchange {
  /** The answer's parameters; `state`, `iss` and `error` have been checked by the caller. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly redirectUri: string;
  readonly codeVerifier: string | undefined;
  readonly nonce: string;
  readonly maxAgeSeconds: number | undefined;
  readonly tokenParameters: Readonly<Record<string, string>>;
}

/** An answer of the token endpoint that nothing has been believed of yet. */
export interface TokenResponse {
  /** Its body, where that is a JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
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
    isSignIn: true,
    secrets: [options.clientSecret, exchange.parameters["code"], exchange.codeVerifier],
  };
  try {
    const answer = oauth.validateAuthResponse(
      client.server,
      client.client,
      new URLSearchParams(exchange.parameters),
      oauth.skipStateCheck,
    );
    const response = await oauth.authorizationCodeGrantRequest(
      client.server,
      client.client,
      client.authentication,
      answer,
      exchange.redirectUri,
      exchange.codeVerifier ?? oauth.nopkce,
      { ...client.requestOptions, additionalParameters: { ...exchange.tokenParameters } },
    );
    const parsed: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    return {
      body: typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {},
      validate: () =>
        validate(provider, metadata, client, exchange, response).catch((error: unknown) => {
          throw translateError(error, operation);
        }),
    };
  } catch (error) {
    throw translateError(error, operation);
  }
}

async function validate(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  exchange: CodeExchange,
  response: Response,
): Promise<ValidatedTokens> {
  const { options } = provider;
  const result = await oauth.processAuthorizationCodeResponse(client.server, client.client, response, {
    expectedNonce: exchange.nonce,
    requireIdToken: true,
  });
  const idToken = result.id_token;
  const claims = oauth.getValidatedIdTokenClaims(result) as Claims | undefined;
  if (idToken === undefined || claims === undefined) throw idTokenError("the token endpoint sent none");
  await verifySignature(provider, metadata.jwks_uri, client, idToken, response);
  assertIdToken(claims, idToken, result.access_token, {
    clientId: options.clientId,
    nowSeconds: options.now(),
    clockToleranceSeconds: options.clockToleranceSeconds,
    maxAgeSeconds: exchange.maxAgeSeconds,
  });
  return {
    tokens: {
      accessToken: result.access_token,
      idToken,
      refreshToken: result.refresh_token,
      tokenType: result.token_type,
      accessTokenExpiresAtSeconds:
        result.expires_in === undefined ? undefined : Math.floor(options.now() + result.expires_in),
    },
    claims,
    evidence: loginEvidence(claims),
    // RFC 6749 5.1: left out means that all was granted.
    grantedScopes: result.scope === undefined ? options.scope : result.scope.split(" ").filter((name) => name !== ""),
  };
}

/**
 * The signature counts in the code flow too: TLS says who answered, the signature who issued. Keys come from our own
 * cache, which one unknown key may renew at once, so that the first login after a rotation succeeds.
 */
async function verifySignature(
  provider: Provider,
  jwksUri: string,
  client: Client,
  idToken: string,
  response: Response,
): Promise<void> {
  const verify = (jwks: oauth.JWKS) =>
    oauth.validateApplicationLevelSignature({ ...client.server }, response, {
      ...client.requestOptions,
      [oauth.jwksCache]: { jwks, uat: Math.floor(Date.now() / 1000) },
    });
  const atHand = await provider.keys.get(jwksUri);
  try {
    await verify(atHand as oauth.JWKS);
  } catch (error) {
    if (error instanceof oauth.UnsupportedOperationError) throw error;
    const header = Buffer.from(idToken.slice(0, idToken.indexOf(".")), "base64url").toString();
    const { kid } = JSON.parse(header) as { readonly kid?: unknown };
    const renewed = await provider.keys.renewFor(jwksUri, typeof kid === "string" ? kid : undefined);
    if (renewed === atHand) throw error;
    await verify(renewed as oauth.JWKS);
  }
}
