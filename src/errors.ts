/** The developer acts. */
export type ConfigurationErrorCode =
  | "ERR_OIDC_INVALID_OPTIONS"
  | "ERR_OIDC_MIDDLEWARE_MISSING"
  | "ERR_OIDC_GUARD_MISUSED"
  | "ERR_OIDC_UNKNOWN_SCHEME"
  | "ERR_OIDC_UNKNOWN_POLICY"
  | "ERR_OIDC_INVALID_RETURN_URL"
  | "ERR_OIDC_INVALID_CHALLENGE"
  | "ERR_OIDC_INVALID_USER"
  | "ERR_OIDC_INSECURE_FORM_POST"
  | "ERR_OIDC_SESSION_NOT_KEPT"
  | "ERR_OIDC_TICKET_TOO_LARGE"
  | "ERR_OIDC_RESPONSE_STARTED"
  | "ERR_OIDC_INVALID_REVOCATION"
  | "ERR_OIDC_CLIENT_REJECTED"
  | "ERR_OIDC_PUSHED_AUTHORIZATION"
  | "ERR_OIDC_VALID_ISSUERS_MISSING"
  | "ERR_OIDC_DPOP_REJECTED"
  | "ERR_OIDC_METADATA_INCOMPLETE";

/** The provider's operator acts. */
export type ProviderErrorCode =
  | "ERR_OIDC_PROVIDER_UNREACHABLE"
  | "ERR_OIDC_PROVIDER_TIMEOUT"
  | "ERR_OIDC_PROVIDER_RESPONSE"
  | "ERR_OIDC_METADATA_INVALID"
  | "ERR_OIDC_USERINFO_FAILED";

/** The user tries again, or it is an attack. */
export type CallbackErrorCode =
  | "ERR_OIDC_METHOD_NOT_ALLOWED"
  | "ERR_OIDC_CALLBACK_MALFORMED"
  | "ERR_OIDC_CALLBACK_TOO_LARGE"
  | "ERR_OIDC_STATE_MISSING"
  | "ERR_OIDC_STATE_INVALID"
  | "ERR_OIDC_STATE_EXPIRED"
  | "ERR_OIDC_STATE_FOREIGN"
  | "ERR_OIDC_STATE_USED"
  | "ERR_OIDC_CORRELATION_FAILED"
  | "ERR_OIDC_ISSUER_MISMATCH"
  | "ERR_OIDC_ACCESS_DENIED"
  | "ERR_OIDC_AUTHORIZATION_REJECTED"
  | "ERR_OIDC_CODE_REJECTED"
  | "ERR_OIDC_ID_TOKEN_INVALID"
  | "ERR_OIDC_LOGOUT_ORIGIN";

/** The user signs in again. */
export type TokenErrorCode =
  | "ERR_OIDC_TOKEN_NOT_SAVED"
  | "ERR_OIDC_NO_REFRESH_TOKEN"
  | "ERR_OIDC_REFRESH_REJECTED"
  | "ERR_OIDC_REFRESH_FAILED";

/** The user or an administrator acts. */
export type AuthorizationErrorCode = "ERR_OIDC_UNAUTHENTICATED" | "ERR_OIDC_FORBIDDEN";

/** The provider's operator acts: a back-channel logout request that ends no session. */
export type LogoutTokenErrorCode =
  | "ERR_OIDC_LOGOUT_REQUEST_INVALID"
  | "ERR_OIDC_LOGOUT_TOKEN_INVALID"
  | "ERR_OIDC_LOGOUT_TOKEN_REPLAYED"
  | "ERR_OIDC_LOGOUT_FAILED";

/** The operator of the session store acts. */
export type SessionStoreErrorCode = "ERR_OIDC_STORE_UNAVAILABLE";

/** The stable codes of {@link OpenIdConnectError}. */
export type OpenIdConnectErrorCode =
  | ConfigurationErrorCode
  | ProviderErrorCode
  | CallbackErrorCode
  | TokenErrorCode
  | AuthorizationErrorCode
  | SessionStoreErrorCode
  | LogoutTokenErrorCode;

/** The only place where a code meets its HTTP status. */
const STATUS: Readonly<Record<OpenIdConnectErrorCode, number>> = {
  ERR_OIDC_INVALID_OPTIONS: 500,
  ERR_OIDC_MIDDLEWARE_MISSING: 500,
  ERR_OIDC_GUARD_MISUSED: 500,
  ERR_OIDC_UNKNOWN_SCHEME: 500,
  ERR_OIDC_UNKNOWN_POLICY: 500,
  ERR_OIDC_INVALID_RETURN_URL: 500,
  ERR_OIDC_INVALID_CHALLENGE: 500,
  ERR_OIDC_INVALID_USER: 500,
  ERR_OIDC_INSECURE_FORM_POST: 500,
  ERR_OIDC_SESSION_NOT_KEPT: 500,
  ERR_OIDC_TICKET_TOO_LARGE: 500,
  ERR_OIDC_RESPONSE_STARTED: 500,
  ERR_OIDC_INVALID_REVOCATION: 500,
  ERR_OIDC_CLIENT_REJECTED: 502,
  ERR_OIDC_PUSHED_AUTHORIZATION: 500,
  ERR_OIDC_VALID_ISSUERS_MISSING: 500,
  ERR_OIDC_DPOP_REJECTED: 502,
  ERR_OIDC_METADATA_INCOMPLETE: 502,
  ERR_OIDC_PROVIDER_UNREACHABLE: 503,
  ERR_OIDC_PROVIDER_TIMEOUT: 504,
  ERR_OIDC_PROVIDER_RESPONSE: 502,
  ERR_OIDC_METADATA_INVALID: 502,
  ERR_OIDC_USERINFO_FAILED: 502,
  ERR_OIDC_METHOD_NOT_ALLOWED: 405,
  ERR_OIDC_CALLBACK_MALFORMED: 400,
  ERR_OIDC_CALLBACK_TOO_LARGE: 413,
  ERR_OIDC_STATE_MISSING: 400,
  ERR_OIDC_STATE_INVALID: 400,
  ERR_OIDC_STATE_EXPIRED: 400,
  ERR_OIDC_STATE_FOREIGN: 400,
  ERR_OIDC_STATE_USED: 400,
  ERR_OIDC_CORRELATION_FAILED: 400,
  ERR_OIDC_ISSUER_MISMATCH: 400,
  ERR_OIDC_ACCESS_DENIED: 403,
  ERR_OIDC_AUTHORIZATION_REJECTED: 400,
  ERR_OIDC_CODE_REJECTED: 400,
  ERR_OIDC_ID_TOKEN_INVALID: 400,
  ERR_OIDC_LOGOUT_ORIGIN: 403,
  ERR_OIDC_TOKEN_NOT_SAVED: 401,
  ERR_OIDC_NO_REFRESH_TOKEN: 401,
  ERR_OIDC_REFRESH_REJECTED: 401,
  ERR_OIDC_REFRESH_FAILED: 401,
  ERR_OIDC_UNAUTHENTICATED: 401,
  ERR_OIDC_FORBIDDEN: 403,
  ERR_OIDC_STORE_UNAVAILABLE: 503,
  // Back-Channel Logout 1.0, section 2.8: whatever failed, the answer is 400.
  ERR_OIDC_LOGOUT_REQUEST_INVALID: 400,
  ERR_OIDC_LOGOUT_TOKEN_INVALID: 400,
  ERR_OIDC_LOGOUT_TOKEN_REPLAYED: 400,
  ERR_OIDC_LOGOUT_FAILED: 400,
};

/** What an error carries beside its code and message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** Headers for the answer, such as Retry-After. Express's own error handler sends them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the user can start again: a path of the app. */
  readonly loginUrl?: string | undefined;
}

/**
 * Each error that leaves the library. `message` says what was expected, what was found and what to change; it never
 * holds a secret, token, code or cookie value.
 */
export class OpenIdConnectError extends Error {
  readonly code: OpenIdConnectErrorCode;
  /** The HTTP status to answer with. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Where the user can start again, where that makes sense. */
  loginUrl: string | undefined;

  constructor(code: OpenIdConnectErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = STATUS[code];
    this.headers = details.headers;
    this.loginUrl = details.loginUrl;
  }
}

/** The app or its registration is set up wrongly; thrown at start where it can be known there. */
export class ConfigurationError extends OpenIdConnectError {
  constructor(code: ConfigurationErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The provider is down, slow, or answers what it must not (502, 503 with Retry-After, 504). */
export class ProviderError extends OpenIdConnectError {
  constructor(code: ProviderErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** A callback (or sign-out request) that is refused: the user tries again, or it is an attack. */
export class CallbackError extends OpenIdConnectError {
  /** The provider's `error`, where it sent one. Text from outside: escape it. */
  readonly error: string | undefined;
  /** The provider's `error_description`. Text from outside: escape it. */
  readonly errorDescription: string | undefined;
  /** The provider's `error_uri`. Text from outside: escape it. */
  readonly errorUri: string | undefined;

  constructor(
    code: CallbackErrorCode,
    message: string,
    details: ErrorDetails & {
      readonly error?: string | undefined;
      readonly errorDescription?: string | undefined;
      readonly errorUri?: string | undefined;
    } = {},
  ) {
    super(code, message, details);
    this.error = details.error;
    this.errorDescription = details.errorDescription;
    this.errorUri = details.errorUri;
  }
}

/** A token that was asked for is not there or no longer good; a new sign-in gives one. */
export class TokenError extends OpenIdConnectError {
  constructor(code: TokenErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** A back-channel logout request that ended no session. The provider is answered 400; the app hears of it by its logger. */
export class LogoutTokenError extends OpenIdConnectError {
  constructor(code: LogoutTokenErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** Nobody is signed in (401), or the one who is may not do this (403). */
export class AuthorizationError extends OpenIdConnectError {
  constructor(code: AuthorizationErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The session store does not answer, or fails (503 with Retry-After). */
export class SessionStoreError extends OpenIdConnectError {
  constructor(code: SessionStoreErrorCode, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** Whether developers or operators have to act on it: visitors and their browsers cannot. */
export function isInternal(error: unknown): boolean {
  return error instanceof ConfigurationError || error instanceof ProviderError || error instanceof SessionStoreError;
}
