/** A JSON value, as claims and stored app data are made of. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Claims under the names that the provider gave them; nothing is renamed. */
export type Claims = Readonly<Record<string, JsonValue>>;

/** Private key of a session whose tokens are bound to it (DPoP, RFC 9449), as a JWK. */
export type DPoPKey = {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly d: string;
};

/** An access token for one resource and scope. */
export interface ScopedAccessToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAtSeconds?: number | undefined;
  /** Kept where it is no longer than `refresh.before` alone. */
  readonly lifetimeSeconds?: number | undefined;
}

/** What `saveTokens` keeps of the token response. */
export interface SavedTokens {
  readonly accessToken?: string | undefined;
  readonly idToken?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly tokenType?: string | undefined;
  /** When the access token ends, in seconds since the epoch; absent when the provider did not say. */
  readonly accessTokenExpiresAtSeconds?: number | undefined;
  /** How long the access token lives in all; kept where that is no longer than `refresh.before` alone. */
  readonly accessTokenLifetimeSeconds?: number | undefined;
  /** Access tokens for other resources or scopes than the sign-in's, by what they are for. */
  readonly accessTokens?: Readonly<Record<string, ScopedAccessToken>> | undefined;
  /** With `dPoP` alone: the key that these tokens are bound to. */
  readonly dPoPKey?: DPoPKey | undefined;
}

/** Facts about the login itself, kept whatever the claim actions delete. */
export interface LoginEvidence {
  readonly issuer: string;
  readonly subject: string;
  /** `sid` of the ID token: the session at the provider. */
  readonly providerSessionId?: string | undefined;
  readonly authTimeSeconds?: number | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/**
 * One session: who signed in, how, until when. Its tokens are kept beside it, sealed until they are asked for.
 * All times are seconds since the epoch.
 */
export interface Ticket {
  /** 16 random bytes, base64url. Constant over renewals, new at every sign-in. */
  readonly sessionId: string;
  /** Grows by one whenever the content (not just the expiry) changes. */
  readonly version: number;
  /** The scheme that authenticated the user. */
  readonly scheme: string;
  /** The transaction that made this ticket, so that its callback, repeated, is recognised. */
  readonly transactionId?: string | undefined;
  readonly signedInAtSeconds: number;
  /** Start and end of the current (sliding) window. */
  readonly issuedAtSeconds: number;
  readonly expiresAtSeconds: number;
  /** No renewal goes beyond this. */
  readonly absoluteExpiresAtSeconds?: number | undefined;
  /** The cookie outlives the browser session. */
  readonly isPersistent: boolean;
  readonly claims: Claims;
  /** The app wrote the claims itself, so nothing of them is compressed beside the provider's tokens. */
  readonly areClaimsOfApp?: true | undefined;
  /** What `mapUser` added, JSON of the app's own. */
  readonly userFields?: Readonly<Record<string, JsonValue>> | undefined;
  /** The app's own notes, given to `signIn`. */
  readonly items?: Readonly<Record<string, string>> | undefined;
  readonly evidence?: LoginEvidence | undefined;
  readonly grantedScopes?: readonly string[] | undefined;
}
