import type { JsonValue } from "../model.js";

/** What one challenge asks for; the rest comes from the options. */
export interface ChallengeOptions {
  /** Name of the scheme that asks. @defaultValue the default challenge scheme */
  readonly scheme?: string | undefined;
  /** A path of this app, or a URL of its own origin. @defaultValue the URL that was asked for */
  readonly returnUrl?: string | undefined;
  /** `prompt` of this challenge. */
  readonly prompt?: string | undefined;
  /** Greatest age of the login at the provider, in seconds; verified on return. */
  readonly maxAge?: number | undefined;
  /** Replaces the scope of the options. */
  readonly scope?: readonly string[] | string | undefined;
  /** `resource` (RFC 8707) of this challenge. */
  readonly resource?: readonly string[] | string | undefined;
  /** `login_hint` of this challenge. */
  readonly loginHint?: string | undefined;
  /** `acr_values` of this challenge; verified on return. */
  readonly acrValues?: readonly string[] | string | undefined;
  /** Further parameters of the authorization request; protocol-owned names are refused. */
  readonly additionalParameters?: Readonly<Record<string, string>> | undefined;
  /** The app's own value, sealed into the `state` parameter and given to events on return. */
  readonly state?: JsonValue | undefined;
}

/** What `req.oidc.signIn` may be given beside the user. */
export interface SignInOptions {
  /** The cookie outlives the browser session. @defaultValue the session's `persistent` */
  readonly isPersistent?: boolean | undefined;
  /** End of the session: a date, or seconds since the epoch. @defaultValue by `expireTimeSpan` */
  readonly expiresAt?: Date | number | null | undefined;
  /** The app's own notes, kept in the ticket. */
  readonly items?: Readonly<Record<string, string>> | undefined;
}

/** What a sign-out may be given. */
export interface SignOutOptions {
  /** Where the user lands: a path of this app, or a URL of its own origin. @defaultValue the option signedOutRedirectUri */
  readonly returnUrl?: string | undefined;
  /** Name of the scheme that signs out. @defaultValue the one that signed the user in */
  readonly scheme?: string | undefined;
  /** Leaves the session at the provider alone. @defaultValue false */
  readonly local?: boolean | undefined;
}
