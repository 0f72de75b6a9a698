import * as oauth from "oauth4webapi";
import { CallbackError, ConfigurationError, OpenIdConnectError, ProviderError } from "../errors.js";
import { SAFE_ALGORITHMS } from "../options/resolve-token-validation.js";
import { authorizationErrorHint, type SentRequest } from "./authorization-error-hint.js";
import { type ClientAttempt, clientRefusal } from "./client-refusal.js";

/** What was being done when the provider, or a check of its answer, failed. */
export interface Operation extends ClientAttempt {
  /** In words, for messages: "the token endpoint". */
  readonly what: string;
  /** With a pushed request: what is otherwise told on the provider's own page (RFC 9126 2.3). */
  readonly request?: SentRequest | undefined;
  /** A token of the user's that is no good ends here, rather than at the provider's operator. */
  readonly isSignIn: boolean;
  /** Values that may not reach a message, should the provider repeat them. */
  readonly secrets: readonly (string | undefined)[];
}

/** The one place where what openid-client, oauth4webapi and providers say becomes an error of ours. */
export function translateError(error: unknown, operation: Operation): OpenIdConnectError {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (current instanceof OpenIdConnectError) return current;
    if (current instanceof oauth.ResponseBodyError) return fromErrorBody(current, operation);
    if (current instanceof oauth.WWWAuthenticateChallengeError) return fromChallenge(current, operation);
    if (current instanceof oauth.OperationProcessingError || current instanceof oauth.UnsupportedOperationError) {
      return fromCheck(current, operation);
    }
  }
  return new ProviderError("ERR_OIDC_PROVIDER_RESPONSE", `An answer of ${operation.what} could not be used.`, {
    cause: error,
  });
}

function fromErrorBody(error: oauth.ResponseBodyError, operation: Operation): OpenIdConnectError {
  const name = safeErrorName(redacted(error.error, operation));
  const said = description(error.error_description, operation);
  if (name === "invalid_grant" && operation.isSignIn) {
    return new CallbackError(
      "ERR_OIDC_CODE_REJECTED",
      `The provider refused the authorization code (invalid_grant)${said}: it expired, was used before, or was made for another redirect URI or PKCE verifier. Sign in again.`,
      { cause: undefined, error: name },
    );
  }
  if (name === "invalid_dpop_proof" || name === "use_dpop_nonce") {
    return new ConfigurationError(
      "ERR_OIDC_DPOP_REJECTED",
      `The provider refused the proof of possession at ${operation.what} (${name})${said}. Compare the clocks of this machine and of the provider; if it does not support DPoP for this client, set dPoP to false.`,
    );
  }
  const { request } = operation;
  const pushed = request === undefined ? undefined : authorizationErrorHint(name, error.error_description, request);
  const hint = pushed ?? clientRefusal(name, operation);
  if (hint !== undefined) {
    return new ConfigurationError(
      "ERR_OIDC_CLIENT_REJECTED",
      `The provider refused this client at ${operation.what} (${name})${said}: ${hint}`,
    );
  }
  return new ProviderError(
    "ERR_OIDC_PROVIDER_RESPONSE",
    `The provider answered ${error.status} at ${operation.what} (${name})${said}.`,
  );
}

function fromChallenge(error: oauth.WWWAuthenticateChallengeError, operation: Operation): OpenIdConnectError {
  if (!operation.isSignIn || error.status !== 401) {
    return new ProviderError(
      "ERR_OIDC_PROVIDER_RESPONSE",
      `The provider answered ${error.status} with a WWW-Authenticate challenge at ${operation.what}.`,
    );
  }
  return new ConfigurationError(
    "ERR_OIDC_CLIENT_REJECTED",
    `The provider refused this client at ${operation.what} (401): ${clientRefusal("invalid_client", operation)}`,
  );
}

function fromCheck(error: Error & { readonly code?: string | undefined }, operation: Operation): OpenIdConnectError {
  const details = error.cause as
    | { readonly claims?: unknown; readonly header?: { readonly alg?: unknown } }
    | undefined;
  const response = error.cause instanceof Response ? error.cause : undefined;
  if (error.code === oauth.RESPONSE_IS_NOT_CONFORM || (response !== undefined && !response.ok)) {
    const type = error.code === oauth.RESPONSE_IS_NOT_JSON ? ` (${contentType(response)})` : "";
    return new ProviderError(
      "ERR_OIDC_PROVIDER_RESPONSE",
      `The provider answered ${response?.status ?? "an unexpected status"}${type} at ${operation.what}.`,
      response?.status === 503 || response?.status === 429 ? { headers: { "retry-after": "5" } } : {},
    );
  }
  if (error.code === oauth.JWT_TIMESTAMP_CHECK && operation.isSignIn) return clockError(error);
  const aboutToken =
    error.code === oauth.JWT_CLAIM_COMPARISON ||
    error.code === oauth.JWT_TIMESTAMP_CHECK ||
    error.code === oauth.KEY_SELECTION ||
    details?.claims !== undefined ||
    details?.header !== undefined ||
    /JWT|JWS|JWE|ID Token|signature/i.test(error.message);
  if (aboutToken && operation.isSignIn) {
    return idTokenError(`${error.message}${tokenAdvice(error)}`);
  }
  return new ProviderError(
    "ERR_OIDC_PROVIDER_RESPONSE",
    /"id_token" property/.test(error.message)
      ? `The answer of ${operation.what} has no ID token. The provider sends one where scope holds "openid" and the client may use OpenID Connect: allow both in its registration.`
      : `The answer of ${operation.what} could not be used: ${error.message}.`,
  );
}

/** For messages: it comes from outside. */
function contentType(response: Response | undefined): string {
  const type = response?.headers.get("content-type")?.split(";")[0]?.trim();
  return type !== undefined && /^[\w.+/-]{1,100}$/.test(type) ? type : "no content type";
}

/** What to change where an ID token fails for its algorithm, its key, or the names in it. */
function tokenAdvice(error: Error & { readonly code?: string | undefined }): string {
  const { header, alg, claim, claims, expected } = (error.cause ?? {}) as {
    readonly header?: { readonly alg?: unknown };
    readonly alg?: unknown;
    readonly claim?: string;
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly expected?: unknown;
  };
  if (error.code === oauth.KEY_SELECTION) {
    return ". The provider has to publish the key that signs at its jwks_uri, and to name it in the token (kid) where it publishes several";
  }
  if (typeof expected === "string" && (claim === "iss" || claim === "aud")) {
    return `: expected ${shown(expected)}, found ${shown(claims?.[claim])}. ${
      claim === "iss"
        ? "Set authority to the issuer exactly as the provider's tokens name it, a slash at its end included"
        : "Compare clientId with the client that the provider issues the tokens for"
    }`;
  }
  const name = header?.alg ?? alg;
  if (/"crit"/.test(error.message) || typeof name !== "string" || !/^[\w-]{1,20}$/.test(name)) return "";
  return SAFE_ALGORITHMS.includes(name)
    ? ` (alg ${name}). Add it to tokenValidation.algorithms, or set the signature of the client's ID tokens at the provider (id_token_signed_response_alg) to one that is listed there`
    : ` (alg ${name}). Set the signature of the client's ID tokens at the provider (id_token_signed_response_alg) to an asymmetric algorithm such as RS256`;
}

/** A name out of a token that is not believed: short, and nothing that a terminal or a page could take for more. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return /^[\w"[\]:/.,~{}+-]{1,300}$/.test(text) ? text : "something else";
}

/** By how much, and on which side: a clock that is off is the usual reason, and nothing else tells it. */
function clockError(error: Error): OpenIdConnectError {
  const { claims, now, claim } = (error.cause ?? {}) as {
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly now?: number;
    readonly claim?: string;
  };
  const time = claim === undefined ? undefined : claims?.[claim];
  if (typeof time !== "number" || typeof now !== "number") return idTokenError(error.message);
  const seconds = Math.abs(Math.round(now - time));
  return idTokenError(
    `its ${claim} is ${seconds} s ${time < now ? "before" : "after"} the time of this machine. Compare the clocks of this machine and of the provider (NTP); tokenValidation.clockTolerance allows for small differences`,
  );
}

/** An ID token that must not sign anyone in. `finding` may name claims, never show the token. */
export function idTokenError(finding: string, cause?: unknown): CallbackError {
  return new CallbackError("ERR_OIDC_ID_TOKEN_INVALID", `The ID token was refused: ${finding}.`, { cause });
}

/** An `error` of a provider (RFC 6749 5.2), or a word for one that is not of the form. */
export function safeErrorName(error: string): string {
  return /^[\w.-]{1,64}$/.test(error) ? error : "unknown_error";
}

function description(given: string | undefined, operation: Operation): string {
  if (given === undefined) return "";
  // Whole first: of a secret that is cut, a part would stay.
  const text = redacted(given, operation)
    .slice(0, 300)
    .replace(/[^\x20-\x7e…]/g, " ");
  return ` and said "${text}"`;
}

/** A provider may repeat what it was sent: the values themselves, as a form or a header carries them, and any JWT. */
function redacted(given: string, { secrets }: Operation): string {
  let text = given;
  for (const secret of secrets) {
    if (secret) text = text.replaceAll(secret, "…").replaceAll(encodeURIComponent(secret), "…");
  }
  // Cut before the patterns, which would take long for a text that is made for it.
  return text
    .slice(0, 2_000)
    .replace(/\b(Basic|Bearer|DPoP) +[\w.~+/=-]+/gi, "$1 …")
    .replace(/\beyJ[\w-]+\.[\w.-]+/g, "…");
}
