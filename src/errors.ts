/** Who must act on an error; each group is one class. */
type ErrorGroup = "configuration" | "provider" | "callback" | "token" | "authorization" | "logoutToken";

/**
 * Every code that leaves the library, with the group that decides its class and the HTTP status it is answered with.
 * The only place where a code meets a status.
 */
const CODES = {
  // The developer acts.
  ERR_OIDC_INVALID_OPTIONS: ["configuration", 500],
  ERR_OIDC_MIDDLEWARE_MISSING: ["configuration", 500],
  ERR_OIDC_GUARD_MISUSED: ["configuration", 500],
  ERR_OIDC_UNKNOWN_SCHEME: ["configuration", 500],
  ERR_OIDC_UNKNOWN_POLICY: ["configuration", 500],
  ERR_OIDC_INVALID_RETURN_URL: ["configuration", 500],
  ERR_OIDC_INVALID_CHALLENGE: ["configuration", 500],
  ERR_OIDC_INSECURE_FORM_POST: ["configuration", 500],
  ERR_OIDC_TICKET_TOO_LARGE: ["configuration", 500],
  ERR_OIDC_RESPONSE_STARTED: ["configuration", 500],
  ERR_OIDC_CLIENT_REJECTED: ["configuration", 502],
  ERR_OIDC_METADATA_INCOMPLETE: ["configuration", 502],

  // The provider's operator acts.
  ERR_OIDC_PROVIDER_UNREACHABLE: ["provider", 503],
  ERR_OIDC_PROVIDER_TIMEOUT: ["provider", 504],
  ERR_OIDC_PROVIDER_RESPONSE: ["provider", 502],
  ERR_OIDC_METADATA_INVALID: ["provider", 502],
  ERR_OIDC_USERINFO_FAILED: ["provider", 502],

  // The user tries again, or it is an attack.
  ERR_OIDC_METHOD_NOT_ALLOWED: ["callback", 405],
  ERR_OIDC_CALLBACK_MALFORMED: ["callback", 400],
  ERR_OIDC_CALLBACK_TOO_LARGE: ["callback", 413],
  ERR_OIDC_STATE_MISSING: ["callback", 400],
  ERR_OIDC_STATE_INVALID: ["callback", 400],
  ERR_OIDC_STATE_EXPIRED: ["callback", 400],
  ERR_OIDC_STATE_FOREIGN: ["callback", 400],
  ERR_OIDC_STATE_USED: ["callback", 400],
  ERR_OIDC_CORRELATION_FAILED: ["callback", 400],
  ERR_OIDC_ISSUER_MISMATCH: ["callback", 400],
  ERR_OIDC_ACCESS_DENIED: ["callback", 403],
  ERR_OIDC_AUTHORIZATION_REJECTED: ["callback", 400],
  ERR_OIDC_CODE_REJECTED: ["callback", 400],
  ERR_OIDC_ID_TOKEN_INVALID: ["callback", 400],
  ERR_OIDC_LOGOUT_ORIGIN: ["callback", 403],

  // Sign in again.
  ERR_OIDC_TOKEN_NOT_SAVED: ["token", 401],

  // The user or an administrator acts.
  ERR_OIDC_UNAUTHENTICATED: ["authorization", 401],
  ERR_OIDC_FORBIDDEN: ["authorization", 403],
} as const satisfies Record<string, readonly [ErrorGroup, number]>;

/** The stable codes of {@link OpenIdConnectError}. */
export type OpenIdConnectErrorCode = keyof typeof CODES;

type CodeOf<Group extends ErrorGroup> = {
  [Code in OpenIdConnectErrorCode]: (typeof CODES)[Code][0] extends Group ? Code : never;
}[OpenIdConnectErrorCode];

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
  readonly loginUrl: string | undefined;

  constructor(code: OpenIdConnectErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = CODES[code][1];
    this.headers = details.headers;
    this.loginUrl = details.loginUrl;
  }
}

/** The app or its registration is set up wrongly; thrown at start where it can be known there. */
export class ConfigurationError extends OpenIdConnectError {
  // biome-ignore lint/complexity/noUselessConstructor: narrows the codes that this class may carry
  constructor(code: CodeOf<"configuration">, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** The provider is down, slow, or answers what it must not (502, 503 with Retry-After, 504). */
export class ProviderError extends OpenIdConnectError {
  // biome-ignore lint/complexity/noUselessConstructor: narrows the codes that this class may carry
  constructor(code: CodeOf<"provider">, message: string, details?: ErrorDetails) {
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
    code: CodeOf<"callback">,
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
  // biome-ignore lint/complexity/noUselessConstructor: narrows the codes that this class may carry
  constructor(code: CodeOf<"token">, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}

/** Nobody is signed in (401), or the one who is may not do this (403). */
export class AuthorizationError extends OpenIdConnectError {
  // biome-ignore lint/complexity/noUselessConstructor: narrows the codes that this class may carry
  constructor(code: CodeOf<"authorization">, message: string, details?: ErrorDetails) {
    super(code, message, details);
  }
}
