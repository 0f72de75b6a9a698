import type { IncomingMessage } from "node:http";
import type { JsonValue, SavedTokens } from "../model.js";
import type { User } from "../user.js";
import type { ClaimActions } from "./claim-actions.js";
import type { OpenIdConnectEvents } from "./events.js";
import type { NamedPrivateKey, PrivateKeyMaterial } from "./private-key.js";
import type { RefreshOptions } from "./refresh-options.js";
import type { CookieOptions, SessionOptions } from "./session-options.js";

/** Fields of the app's own, beside those of `User`. */
export type UserFields = Readonly<Record<string, unknown>> | undefined;

/** What `mapUser` is given beside the user. */
export interface MapUserContext {
  /** All that came, whether `saveTokens` keeps it or not. */
  readonly tokens: SavedTokens | undefined;
  readonly req: IncomingMessage;
}

/** Provider metadata (OpenID Connect Discovery 1.0, RFC 8414), for `configuration`. */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string | undefined;
  readonly token_endpoint?: string | undefined;
  readonly jwks_uri?: string | undefined;
  readonly userinfo_endpoint?: string | undefined;
  readonly end_session_endpoint?: string | undefined;
  readonly [name: string]: unknown;
}

/** How the client proves itself at the token endpoint. */
export type ClientAuthentication =
  | "client_secret_basic"
  | "client_secret_post"
  | "client_secret_jwt"
  | "private_key_jwt"
  | "tls_client_auth"
  | "self_signed_tls_client_auth"
  | "none";

/** The flows: none of them carries an access token through the browser. */
export type ResponseType = "code" | "code id_token" | "id_token";

/** How the answer comes back; the ones with `jwt` are signed (JARM). */
export type ResponseMode = "query" | "form_post" | "jwt" | "query.jwt" | "form_post.jwt";

/** What is asked of a single claim (OIDC Core 5.5.1); null asks for it as such. */
export type ClaimRequest = {
  readonly essential?: boolean | undefined;
  readonly value?: JsonValue | undefined;
  readonly values?: readonly JsonValue[] | undefined;
} | null;

/** The `claims` parameter (OIDC Core 5.5). */
export interface ClaimsRequest {
  readonly id_token?: Readonly<Record<string, ClaimRequest>> | undefined;
  readonly userinfo?: Readonly<Record<string, ClaimRequest>> | undefined;
}

/** One entry of `authorization_details` (RFC 9396). */
export interface AuthorizationDetail {
  readonly type: string;
  readonly [field: string]: JsonValue;
}

/** The tokens that `saveTokens` may name. */
export type SavableToken = "access_token" | "id_token" | "refresh_token";

/** Receives structured entries; `console` and pino fit. No entry holds a secret, token, code or cookie value. */
export interface Logger {
  debug?(details: Readonly<Record<string, unknown>>, message: string): void;
  info?(details: Readonly<Record<string, unknown>>, message: string): void;
  warn?(details: Readonly<Record<string, unknown>>, message: string): void;
  error?(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** How an ID token is read and checked. */
export interface TokenValidationOptions {
  /** Clock difference that is tolerated, in seconds. @defaultValue 60 */
  readonly clockTolerance?: number | undefined;
  /** The claim that `user.name` is taken from; a dotted path reaches into objects. @defaultValue "name" */
  readonly nameClaimType?: string | undefined;
  /** The claims that `user.roles` is taken from; dotted paths reach into objects. @defaultValue ["role", "roles"] */
  readonly roleClaimType?: string | readonly string[] | undefined;
  /** Accepted signature algorithms, asymmetric ones only. @defaultValue every safe one */
  readonly algorithms?: readonly string[] | undefined;
  /**
   * Issuers that ID tokens may name beside the metadata's own; needed where that holds `{tenantid}` (Entra ID, many
   * tenants). An entry with `{tenantid}` stands for every tenant: then check `tid` yourself. @defaultValue none
   */
  readonly validIssuers?: readonly string[] | string | undefined;
}

/** The state of one challenge until its callback. */
export interface TransactionOptions {
  /** How long a user may take at the provider, in seconds. @defaultValue 900 */
  readonly lifetime?: number | undefined;
  /** Seals the `state` parameter. @defaultValue the session's secret */
  readonly secret?: string | readonly string[] | undefined;
  /** Name of the correlation cookie, without prefix and suffix. @defaultValue "oidc.c" */
  readonly name?: string | undefined;
  /**
   * Attributes of the correlation cookie; what is left out of them is as if the session cookie had none of its own.
   * @defaultValue the session cookie's, with `sameSite: "lax"`
   */
  readonly cookie?: CookieOptions | undefined;
}

/** Options of `addOpenIdConnect`, and of the remote scheme that it adds. Durations are seconds. */
export interface OpenIdConnectOptions {
  /**
   * URL of the provider; its metadata is found at `/.well-known/openid-configuration` below it.
   * @defaultValue none; this, `metadataAddress` or `configuration` is required
   */
  readonly authority?: string | undefined;
  /** URL of the metadata document, where it is not below `authority`. */
  readonly metadataAddress?: string | undefined;
  /** Metadata given in code: no discovery. */
  readonly configuration?: ProviderMetadata | undefined;
  /** Refuses http for provider URLs, loopback included. Unsafe when false. @defaultValue true */
  readonly requireHttpsMetadata?: boolean | undefined;
  /** Age at which metadata is renewed, in the background. @defaultValue 43200 (12 hours) */
  readonly automaticRefreshInterval?: number | undefined;
  /** Least time between two forced renewals of metadata or keys. @defaultValue 300 */
  readonly refreshInterval?: number | undefined;

  /** `client_id` at the provider. @defaultValue none; required */
  readonly clientId?: string | undefined;
  /** Left out: a public client, protected by PKCE alone. */
  readonly clientSecret?: string | undefined;
  /** How the client proves itself at the token endpoint. @defaultValue inferred from the provider's metadata */
  readonly clientAuthentication?: ClientAuthentication | undefined;

  /**
   * Signs the client's assertions of `private_key_jwt`: a JWK, PEM text, KeyObject or CryptoKey, or `{ key, kid, alg }`
   * of one. @defaultValue none
   */
  readonly clientAssertionKey?: PrivateKeyMaterial | NamedPrivateKey | undefined;

  /** The flow. Types that carry an access token through the browser are refused. @defaultValue "code" */
  readonly responseType?: ResponseType | undefined;
  /**
   * How the answer comes back to the callback. The signed ones ("jwt", "query.jwt", "form_post.jwt": JARM) go with
   * responseType "code" alone. @defaultValue "query" with "code", else "form_post"
   */
  readonly responseMode?: ResponseMode | undefined;
  /** How the browser is sent to the provider: by a redirect, or by a form that submits itself. @defaultValue "redirect" */
  readonly redirectBehavior?: "redirect" | "form_post" | undefined;
  /** PKCE (RFC 7636) with S256. Unsafe when false. @defaultValue true */
  readonly usePkce?: boolean | undefined;
  /** Replaces the default list. Must hold `openid`. @defaultValue ["openid", "profile"] */
  readonly scope?: readonly string[] | string | undefined;
  /** `prompt`, such as `login`, `consent` or `select_account`. Sent as it is. */
  readonly prompt?: string | undefined;
  /** Greatest age of the login at the provider, in seconds; verified on return (OIDC Core 3.1.2.1). */
  readonly maxAge?: number | undefined;
  /** The API that the access token is for, `resource` (RFC 8707). Sent as it is. */
  readonly resource?: string | readonly string[] | undefined;
  /** Authentication classes that are asked for, `acr_values`; the answer's `acr` must be one of them. */
  readonly acrValues?: string | readonly string[] | undefined;
  /** `login_hint`: who is expected to sign in. Sent as it is. */
  readonly loginHint?: string | undefined;
  /** `ui_locales`: languages of the provider's pages. Sent as they are. */
  readonly uiLocales?: string | readonly string[] | undefined;
  /** `display` of the provider's pages. Sent as it is. */
  readonly display?: string | undefined;
  /**
   * `claims`: single claims that are asked for (OIDC Core 5.5). Verified in the ID token: the values of essential ones
   * and of `sub`, and that an essential `acr` or `auth_time` is there.
   */
  readonly claims?: ClaimsRequest | undefined;
  /** `authorization_details`: what the access token is to allow (RFC 9396). Sent as they are. */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined;
  /** Further parameters of the authorization request; protocol-owned names are refused. */
  readonly additionalAuthorizationParameters?: Readonly<Record<string, string>> | undefined;
  /** Further parameters of the token request; protocol-owned names are refused. */
  readonly additionalTokenParameters?: Readonly<Record<string, string>> | undefined;

  /**
   * Sends the authorization request to the provider directly, not through the browser (PAR, RFC 9126). "auto": where
   * the provider can, "disable": never, "require": always. @defaultValue "auto"
   */
  readonly pushedAuthorization?: "auto" | "disable" | "require" | undefined;
  /** Signs the authorization request (JAR, RFC 9101): `{ key, kid, alg }`. @defaultValue none: not signed */
  readonly requestObject?: NamedPrivateKey | undefined;
  /** Binds tokens to a key of the session (DPoP, RFC 9449); the key is kept with the tokens. @defaultValue false */
  readonly dPoP?: boolean | undefined;
  /** Private keys that decrypt ID tokens, logout tokens, userinfo and signed answers; a list rotates. @defaultValue none */
  readonly idTokenDecryptionKeys?:
    | PrivateKeyMaterial
    | NamedPrivateKey
    | readonly (PrivateKeyMaterial | NamedPrivateKey)[]
    | undefined;

  /** See `tokenValidation` below. */
  readonly tokenValidation?: TokenValidationOptions | undefined;
  /** Userinfo claims join the user at sign-in. @defaultValue false */
  readonly getClaimsFromUserInfoEndpoint?: boolean | undefined;
  /**
   * What becomes of the provider's claims: `(actions) => actions.mapJsonKey("dept", "department").deleteClaim("phone")`.
   * @defaultValue all stay but those that speak of the token alone
   */
  readonly claimActions?: ((actions: ClaimActions) => unknown) | undefined;
  /** Adds the app's own JSON fields to `req.user`, such as a database id; once per sign-in, and kept in the session. */
  readonly mapUser?: ((user: User, context: MapUserContext) => UserFields | Promise<UserFields>) | undefined;
  /** Adds to `req.user` what is not kept, at every request of a signed-in user; asynchronous only if it is. */
  readonly transformUser?: ((user: User, req: IncomingMessage) => UserFields | Promise<UserFields>) | undefined;
  /** Keeps tokens in the session: all, or those named. @defaultValue false */
  readonly saveTokens?: boolean | readonly SavableToken[] | undefined;

  /** When access tokens are renewed. See `refresh` below. */
  readonly refresh?: RefreshOptions | undefined;

  /** Public origin (and prefix) of the app, such as `https://app.example`. @defaultValue from the request, as Express trusts it */
  readonly baseUrl?: string | undefined;
  /** `GET` starts a sign-in. `false` switches it off. @defaultValue "/login" */
  readonly loginPath?: string | false | undefined;
  /** `GET` or `POST` signs out. `false` switches it off. @defaultValue "/logout" */
  readonly logoutPath?: string | false | undefined;
  /** Redirect URI. @defaultValue "/signin-oidc" */
  readonly callbackPath?: string | undefined;
  /** Post-logout redirect URI. @defaultValue "/signout-callback-oidc" */
  readonly signedOutCallbackPath?: string | undefined;
  /** Front-channel logout: the provider's hidden frame. `false` switches it off. @defaultValue "/signout-oidc" */
  readonly remoteSignOutPath?: string | false | undefined;
  /** Back-channel logout: the provider itself posts. `false` switches it off. @defaultValue "/backchannel-logout" */
  readonly backchannelLogoutPath?: string | false | undefined;
  /** Revokes the refresh token at a sign-out, where one is kept and the provider can (RFC 7009). @defaultValue true */
  readonly revokeOnSignOut?: boolean | undefined;
  /** Where a user lands after a sign-out; a path counts from the root of the origin. @defaultValue "/" (below the mount path) */
  readonly signedOutRedirectUri?: string | undefined;
  /** Where a user who denied consent is sent, with the return URL. @defaultValue none: an error, 403 */
  readonly accessDeniedPath?: string | undefined;
  /** Query parameter that names a return URL. @defaultValue "returnUrl" */
  readonly returnUrlParameter?: string | undefined;

  /** See `transaction` below. */
  readonly transaction?: TransactionOptions | undefined;
  /** Time for every request to the provider, in seconds. @defaultValue 30 (first discovery: 5) */
  readonly backchannelTimeout?: number | undefined;
  /** Callback requests that are not OpenID Connect's go on to the app. @defaultValue false */
  readonly skipUnrecognizedRequests?: boolean | undefined;
  /** Used for every request to the provider: a proxy, mutual TLS, tests. @defaultValue the global fetch */
  readonly fetch?: typeof fetch | undefined;
  /** The clock, in seconds since the epoch. @defaultValue the system's */
  readonly now?: (() => number) | undefined;
  /** Receives structured entries; none holds a secret. @defaultValue none */
  readonly logger?: Logger | undefined;
  /** See `events` below. */
  readonly events?: OpenIdConnectEvents | undefined;
}

/** One options object: a provider, and the session that its users get. */
export interface AddOpenIdConnectOptions extends OpenIdConnectOptions {
  /** Where the session lives. */
  readonly session?: SessionOptions | undefined;
}
