import type { IncomingMessage, ServerResponse } from "node:http";
import type { Claims, JsonValue, SavedTokens } from "../model.js";

/** What a challenge was started with, and what it carries to its callback. */
export interface ChallengeProperties {
  /** Where the user goes after the sign-in: a path of this app. */
  returnUrl: string;
  /** The app's own value, carried in the sealed `state` parameter. */
  state?: JsonValue | undefined;
}

interface EventContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Name of the scheme that runs. */
  readonly scheme: string;
}

/** The handler has answered the response itself. */
export interface CanHandle {
  handled(): void;
}

/** The request goes on to the app as if it were none of ours. */
export interface CanSkip {
  skip(): void;
}

/** The failure path is taken with this error. */
export interface CanFail {
  fail(error: Error | string): void;
}

/**
 * `ctx.claims`, which must hold a `sub`, are accepted as the user, and the sign-in goes straight to its end. Tokens that
 * were valid by then are kept as ever.
 */
export interface CanSucceed {
  success(): void;
}

/** Claims that the handler may change or replace. */
export interface CarriesClaims {
  claims: Claims | undefined;
}

/** Before the redirect to the provider. */
export interface RedirectContext extends EventContext, CanHandle {
  /**
   * Parameters of the authorization request; may be changed or replaced. `redirect_uri`, `state`, `nonce` and PKCE's are
   * set afterwards. What `max_age` and `acr_values` say in the end is what the answer is held to.
   */
  parameters: Record<string, string | readonly string[]>;
  /** Where the request goes; may be replaced, as for the second user flow of a provider that has one URL for each. */
  authorizationEndpoint: string;
  readonly properties: ChallengeProperties;
}

/** Before the authorization request is pushed to the provider. At most one of its three verbs may be used. */
export interface PushAuthorizationContext extends EventContext {
  /** Of the request that is pushed; may be changed, but for `max_age` and `acr_values`, which the answer is held to. */
  readonly parameters: Record<string, string | readonly string[]>;
  readonly properties: ChallengeProperties;
  /** The handler has pushed the request itself: this is the `request_uri` that it got. */
  handlePush(requestUri: string): void;
  /** The request goes through the browser this time. */
  skipPush(): void;
  /** The client proves itself by what the handler put into `parameters` (a `client_assertion`, say). */
  handleClientAuthentication(): void;
}

interface CallbackContext extends EventContext, CanHandle, CanSkip, CanFail {
  readonly properties: ChallengeProperties;
}

/** The answer has passed correlation, state and issuer. */
export interface MessageReceivedContext extends CallbackContext, CanSucceed, CarriesClaims {
  readonly parameters: Readonly<Record<string, string>>;
}

/** A code is there and will be redeemed. */
export interface AuthorizationCodeReceivedContext extends CallbackContext, CanSucceed, CarriesClaims {
  /** Further parameters of the token request. */
  readonly tokenParameters: Record<string, string>;
}

/** Tokens came, and are not yet validated. */
export interface TokenResponseReceivedContext extends CallbackContext, CanSucceed, CarriesClaims {
  readonly tokenResponse: Readonly<Record<string, unknown>>;
}

/** The ID token is valid in full. */
export interface TokenValidatedContext extends CallbackContext, CanSucceed, CarriesClaims {
  readonly tokens: SavedTokens;
}

/** Userinfo came; its `sub` is the ID token's. */
export interface UserInformationReceivedContext extends CallbackContext, CanSucceed, CarriesClaims {
  readonly userInfo: Claims;
}

/** Something was thrown while the callback ran. */
export interface AuthenticationFailedContext extends CallbackContext, CanSucceed, CarriesClaims {
  readonly error: Error;
}

/** The user (or the provider) said no. */
export interface AccessDeniedContext extends EventContext, CanHandle, CanSkip {
  readonly properties: ChallengeProperties;
  readonly error: Error;
  accessDeniedPath: string | undefined;
}

/** The sign-in failed; the error goes to `next` unless the handler answers. */
export interface RemoteFailureContext extends EventContext, CanHandle, CanSkip {
  readonly error: Error;
  /** What the challenge was started with; absent when that could not be read. */
  readonly properties: ChallengeProperties | undefined;
}

/** Just before the session is written. */
export interface TicketReceivedContext extends CallbackContext, CarriesClaims {
  readonly tokens: SavedTokens | undefined;
}

/** Before the redirect to the provider's end session endpoint. */
export interface RedirectForSignOutContext extends EventContext, CanHandle {
  /** Parameters of the request; may be changed or replaced. */
  parameters: Record<string, string>;
  /** Where the request goes; may be replaced. */
  endSessionEndpoint: string;
}

/** A front-channel logout request came. Whoever sent it, nothing has been done yet. */
export interface RemoteSignOutContext extends EventContext, CanHandle, CanSkip {
  /** Of the request's query or form, as they came: nothing vouches for them. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Whether `iss` and `sid` are those of this browser's session, which then ends. */
  readonly matchesSession: boolean;
}

/** A logout token is valid in full, and the sessions that it means are about to end. */
export interface BackchannelLogoutContext extends EventContext, CanHandle, CanFail {
  readonly issuer: string;
  /** `sub`: with no `providerSessionId`, all sessions of this user end. */
  readonly subject: string | undefined;
  /** `sid`: the one session that ends. */
  readonly providerSessionId: string | undefined;
  /** Of the logout token. */
  readonly claims: Claims;
}

/** Tokens that an app has got for a session by itself. */
export interface RenewedTokens {
  readonly accessToken: string;
  /** @defaultValue "bearer" */
  readonly tokenType?: string | undefined;
  /** Seconds since the epoch. @defaultValue long-lived */
  readonly expiresAtSeconds?: number | undefined;
  /** @defaultValue the one that the session has */
  readonly refreshToken?: string | undefined;
}

interface RefreshContext extends EventContext {
  /** What the access token is for, where that is not the sign-in's. */
  readonly resource: string | undefined;
  readonly scope: string | undefined;
}

/**
 * A refresh token is about to be used: once, in the request that came first. `fail(error)` is what all who wait for the
 * token are told; the session stays.
 */
export interface TokenRefreshingContext extends RefreshContext, CanSkip, CanFail {
  /** The user's. */
  readonly claims: Claims;
  /** Set it, and the provider is not asked. */
  tokens: RenewedTokens | undefined;
}

/** New tokens came and are about to be kept, also when the handler throws. */
export interface TokenRefreshedContext extends RefreshContext {
  readonly tokens: RenewedTokens;
  /** Of the new ID token, where one came with them: it is about the same user and login. */
  readonly idTokenClaims: Claims | undefined;
  /** The user's; may be replaced, but for `sub`. */
  claims: Claims;
}

/** A refresh failed. */
export interface TokenRefreshFailedContext extends RefreshContext {
  readonly claims: Claims;
  readonly error: Error;
  /** The provider refused the refresh token, and `onInvalidGrant` is "signOut". */
  readonly endsSession: boolean;
}

/** Before the redirect that ends a sign-out. */
export interface SignedOutCallbackRedirectContext extends EventContext, CanHandle, CanSkip {
  returnUrl: string;
}

/** May answer at once or with a promise; what it decides, it says through the context's methods. */
export type EventHandler<Context> = (context: Context) => unknown;

/** ASP.NET Core's events. Each is given one context object. */
export interface OpenIdConnectEvents {
  /** Before the redirect to the provider. */
  readonly onRedirectToIdentityProvider?: EventHandler<RedirectContext> | undefined;
  /** Before the authorization request is pushed to the provider (PAR). */
  readonly onPushAuthorization?: EventHandler<PushAuthorizationContext> | undefined;
  /** The answer has passed correlation, state and issuer. */
  readonly onMessageReceived?: EventHandler<MessageReceivedContext> | undefined;
  /** A code is there and will be redeemed. */
  readonly onAuthorizationCodeReceived?: EventHandler<AuthorizationCodeReceivedContext> | undefined;
  /** Tokens came, and are not yet validated. */
  readonly onTokenResponseReceived?: EventHandler<TokenResponseReceivedContext> | undefined;
  /** The ID token is valid in full. */
  readonly onTokenValidated?: EventHandler<TokenValidatedContext> | undefined;
  /** Userinfo came; its `sub` is the ID token's. */
  readonly onUserInformationReceived?: EventHandler<UserInformationReceivedContext> | undefined;
  /** Something was thrown while the callback ran. */
  readonly onAuthenticationFailed?: EventHandler<AuthenticationFailedContext> | undefined;
  /** The user (or the provider) said no. */
  readonly onAccessDenied?: EventHandler<AccessDeniedContext> | undefined;
  /** The sign-in failed; the error goes to `next` unless the handler answers. */
  readonly onRemoteFailure?: EventHandler<RemoteFailureContext> | undefined;
  /** Just before the session is written. */
  readonly onTicketReceived?: EventHandler<TicketReceivedContext> | undefined;
  /** A front-channel logout request came. */
  readonly onRemoteSignOut?: EventHandler<RemoteSignOutContext> | undefined;
  /** A logout token of the provider is valid: sessions are about to end. `fail()` answers 400 and ends none. */
  readonly onBackchannelLogout?: EventHandler<BackchannelLogoutContext> | undefined;
  /** A refresh token is about to be used, once for all who wait. `skip()` keeps the old token; `ctx.tokens` replaces. */
  readonly onTokenRefreshing?: EventHandler<TokenRefreshingContext> | undefined;
  /** New tokens came and are about to be kept. `ctx.claims` may be replaced. */
  readonly onTokenRefreshed?: EventHandler<TokenRefreshedContext> | undefined;
  /** A refresh failed. It changes nothing any more. */
  readonly onTokenRefreshFailed?: EventHandler<TokenRefreshFailedContext> | undefined;
  /** Before the redirect to the provider's end session endpoint. */
  readonly onRedirectToIdentityProviderForSignOut?: EventHandler<RedirectForSignOutContext> | undefined;
  /** Before the redirect that ends a sign-out. */
  readonly onSignedOutCallbackRedirect?: EventHandler<SignedOutCallbackRedirectContext> | undefined;
}
