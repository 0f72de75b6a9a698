import { warnOnce } from "../warnings.js";
import {
  absoluteUrl,
  callable,
  cookie,
  describe,
  flag,
  oneOf,
  ownPath,
  quote,
  type ResolvedCookieOptions,
  record,
  seconds,
  secrets,
  text,
  textList,
} from "./checks.js";
import { ClaimActions } from "./claim-actions.js";
import type { OpenIdConnectEvents } from "./events.js";
import type {
  Logger,
  OpenIdConnectOptions,
  SavableToken,
  TokenValidationOptions,
  TransactionOptions,
} from "./open-id-connect-options.js";
import type { ResolvedPrivateKey } from "./private-key.js";
import type { Problems } from "./problems.js";
import { type ResolvedClient, resolveClient } from "./resolve-client.js";
import {
  authorizationDetails,
  claimsParameter,
  decryptionKeys,
  isPosted,
  type ResolvedFlow,
  requestObjectKey,
  resolveFlow,
  validIssuers,
} from "./resolve-flow.js";
import { isLoopback, type MetadataSource, resolveMetadataSource } from "./resolve-metadata-source.js";
import { type ResolvedPaths, resolvePaths } from "./resolve-paths.js";
import { type ResolvedRefreshOptions, resolveRefreshOptions } from "./resolve-refresh-options.js";

/** A remote scheme's options, checked, with every default in place. */
export interface ResolvedOpenIdConnectOptions extends ResolvedClient, ResolvedFlow {
  readonly metadata: MetadataSource;
  readonly requireHttps: boolean;
  readonly automaticRefreshIntervalSeconds: number;
  readonly refreshIntervalSeconds: number;
  readonly redirectBehavior: "redirect" | "form_post";
  readonly usePkce: boolean;
  readonly pushedAuthorization: "auto" | "disable" | "require";
  readonly requestObject: ResolvedPrivateKey | undefined;
  readonly dPoP: boolean;
  readonly decryptionKeys: readonly ResolvedPrivateKey[];
  readonly scope: readonly string[];
  readonly maxAgeSeconds: number | undefined;
  readonly acrValues: readonly string[] | undefined;
  /** Parameters of every authorization request that are sent as they were given. */
  readonly fixedParameters: readonly (readonly [string, string])[];
  readonly tokenParameters: Readonly<Record<string, string>>;
  readonly clockToleranceSeconds: number;
  readonly nameClaimType: string;
  readonly roleClaimTypes: readonly string[];
  readonly algorithms: readonly string[];
  readonly validIssuers: readonly string[] | undefined;
  readonly userInfo: boolean;
  readonly claimActions: ClaimActions;
  readonly mapUser: OpenIdConnectOptions["mapUser"];
  readonly transformUser: OpenIdConnectOptions["transformUser"];
  readonly savedTokens: readonly SavableToken[];
  readonly refresh: ResolvedRefreshOptions;
  /** Without a slash at its end. */
  readonly baseUrl: { readonly origin: string; readonly prefix: string } | undefined;
  readonly paths: ResolvedPaths;
  readonly signedOutRedirectUri: string;
  readonly revokeOnSignOut: boolean;
  readonly accessDeniedPath: string | undefined;
  readonly returnUrlParameter: string;
  readonly transaction: {
    readonly lifetimeSeconds: number;
    /** `undefined`: the session's. */
    readonly secrets: readonly string[] | undefined;
    readonly name: string;
    readonly cookie: ResolvedCookieOptions | undefined;
  };
  readonly backchannelTimeoutSeconds: number;
  readonly firstDiscoveryTimeoutSeconds: number;
  readonly skipUnrecognizedRequests: boolean;
  readonly fetch: typeof fetch | undefined;
  readonly now: () => number;
  readonly logger: Logger | undefined;
  readonly events: OpenIdConnectEvents;
}

const KEYS: Readonly<Record<keyof OpenIdConnectOptions, true>> = {
  authority: true,
  metadataAddress: true,
  configuration: true,
  requireHttpsMetadata: true,
  automaticRefreshInterval: true,
  refreshInterval: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  clientAssertionKey: true,
  responseType: true,
  responseMode: true,
  redirectBehavior: true,
  usePkce: true,
  scope: true,
  prompt: true,
  maxAge: true,
  resource: true,
  acrValues: true,
  loginHint: true,
  uiLocales: true,
  display: true,
  claims: true,
  authorizationDetails: true,
  additionalAuthorizationParameters: true,
  additionalTokenParameters: true,
  pushedAuthorization: true,
  requestObject: true,
  dPoP: true,
  idTokenDecryptionKeys: true,
  tokenValidation: true,
  getClaimsFromUserInfoEndpoint: true,
  claimActions: true,
  mapUser: true,
  transformUser: true,
  saveTokens: true,
  refresh: true,
  baseUrl: true,
  loginPath: true,
  logoutPath: true,
  callbackPath: true,
  signedOutCallbackPath: true,
  remoteSignOutPath: true,
  backchannelLogoutPath: true,
  revokeOnSignOut: true,
  signedOutRedirectUri: true,
  accessDeniedPath: true,
  returnUrlParameter: true,
  transaction: true,
  backchannelTimeout: true,
  skipUnrecognizedRequests: true,
  fetch: true,
  now: true,
  logger: true,
  events: true,
};

const EVENT_KEYS: Readonly<Record<keyof OpenIdConnectEvents, true>> = {
  onRedirectToIdentityProvider: true,
  onPushAuthorization: true,
  onMessageReceived: true,
  onAuthorizationCodeReceived: true,
  onTokenResponseReceived: true,
  onTokenValidated: true,
  onUserInformationReceived: true,
  onAuthenticationFailed: true,
  onAccessDenied: true,
  onRemoteFailure: true,
  onTicketReceived: true,
  onRemoteSignOut: true,
  onBackchannelLogout: true,
  onTokenRefreshing: true,
  onTokenRefreshed: true,
  onTokenRefreshFailed: true,
  onRedirectToIdentityProviderForSignOut: true,
  onSignedOutCallbackRedirect: true,
};

const TOKEN_VALIDATION_KEYS: Readonly<Record<keyof TokenValidationOptions, true>> = {
  clockTolerance: true,
  nameClaimType: true,
  roleClaimType: true,
  algorithms: true,
  validIssuers: true,
};

const TRANSACTION_KEYS: Readonly<Record<keyof TransactionOptions, true>> = {
  lifetime: true,
  secret: true,
  name: true,
  cookie: true,
};

/** Every asymmetric algorithm that openid-client verifies; never `none`, never a shared secret (HS*). */
const SAFE_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Parameters that belong to the protocol: an app that sets them breaks a check, or a standard option sets them. */
export const PROTOCOL_PARAMETERS: ReadonlySet<string> = new Set([
  ...["client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri"],
  ...["response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method"],
  ...["code_verifier", "code", "grant_type", "refresh_token", "request", "request_uri", "max_age", "dpop_jkt"],
]);

/** @param path prefix of the option names in messages, "" for `addOpenIdConnect` */
export function resolveOpenIdConnectOptions(
  problems: Problems,
  path: string,
  options: OpenIdConnectOptions,
  alsoKnown: Readonly<Record<string, unknown>> = {},
): ResolvedOpenIdConnectOptions {
  problems.unknownKeys(path, options, { ...KEYS, ...alsoKnown });
  const requireHttps = flag(problems, "requireHttpsMetadata", options.requireHttpsMetadata, true);
  const validation: TokenValidationOptions = record(problems, "tokenValidation", options.tokenValidation);
  problems.unknownKeys("tokenValidation", validation, TOKEN_VALIDATION_KEYS);
  const transaction: TransactionOptions = record(problems, "transaction", options.transaction);
  problems.unknownKeys("transaction", transaction, TRANSACTION_KEYS);
  const events: OpenIdConnectEvents = record(problems, "events", options.events);
  problems.unknownKeys("events", events, EVENT_KEYS);
  for (const [name, handler] of Object.entries(events)) callable(problems, `events.${name}`, handler);
  callable(problems, "fetch", options.fetch);
  callable(problems, "now", options.now);
  callable(problems, "mapUser", options.mapUser);
  callable(problems, "transformUser", options.transformUser);
  const flow = resolveFlow(problems, options);
  const timeout = seconds(problems, "backchannelTimeout", options.backchannelTimeout, 30, { least: 0.01 });

  const resolved: ResolvedOpenIdConnectOptions = {
    metadata: resolveMetadataSource(problems, options, requireHttps),
    requireHttps,
    automaticRefreshIntervalSeconds: seconds(
      problems,
      "automaticRefreshInterval",
      options.automaticRefreshInterval,
      43_200,
    ),
    refreshIntervalSeconds: seconds(problems, "refreshInterval", options.refreshInterval, 300),
    ...resolveClient(problems, options),
    ...flow,
    redirectBehavior:
      oneOf(problems, "redirectBehavior", options.redirectBehavior, ["redirect", "form_post"]) ?? "redirect",
    usePkce: flag(problems, "usePkce", options.usePkce, true),
    pushedAuthorization:
      oneOf(problems, "pushedAuthorization", options.pushedAuthorization, ["auto", "disable", "require"]) ?? "auto",
    requestObject: requestObjectKey(problems, options.requestObject),
    dPoP: flag(problems, "dPoP", options.dPoP, false),
    decryptionKeys: decryptionKeys(problems, options.idTokenDecryptionKeys),
    scope: scopes(problems, options.scope),
    maxAgeSeconds:
      options.maxAge === undefined
        ? undefined
        : seconds(problems, "maxAge", options.maxAge, 0, { least: 0, whole: true }),
    acrValues: textList(problems, "acrValues", options.acrValues),
    fixedParameters: fixedParameters(problems, options),
    tokenParameters: ownParameters(problems, "additionalTokenParameters", options.additionalTokenParameters),
    clockToleranceSeconds: seconds(problems, "tokenValidation.clockTolerance", validation.clockTolerance, 60, {
      least: 0,
    }),
    nameClaimType: text(problems, "tokenValidation.nameClaimType", validation.nameClaimType) ?? "name",
    roleClaimTypes: textList(problems, "tokenValidation.roleClaimType", validation.roleClaimType) ?? ["role", "roles"],
    algorithms: algorithms(problems, validation.algorithms),
    validIssuers: validIssuers(problems, validation.validIssuers),
    userInfo: flag(problems, "getClaimsFromUserInfoEndpoint", options.getClaimsFromUserInfoEndpoint, false),
    claimActions: claimActions(problems, options.claimActions),
    mapUser: options.mapUser,
    transformUser: options.transformUser,
    savedTokens: savedTokens(problems, options.saveTokens),
    refresh: resolveRefreshOptions(problems, options.refresh),
    baseUrl: baseUrl(problems, options.baseUrl),
    paths: resolvePaths(problems, options),
    signedOutRedirectUri: signedOutRedirectUri(problems, options.signedOutRedirectUri),
    revokeOnSignOut: flag(problems, "revokeOnSignOut", options.revokeOnSignOut, true),
    accessDeniedPath:
      options.accessDeniedPath === undefined
        ? undefined
        : ownPath(problems, "accessDeniedPath", options.accessDeniedPath, "/access-denied"),
    returnUrlParameter: text(problems, "returnUrlParameter", options.returnUrlParameter) ?? "returnUrl",
    transaction: {
      lifetimeSeconds: seconds(problems, "transaction.lifetime", transaction.lifetime, 900),
      secrets:
        transaction.secret === undefined ? undefined : secrets(problems, "transaction.secret", transaction.secret),
      name: text(problems, "transaction.name", transaction.name) ?? "oidc.c",
      cookie: transaction.cookie === undefined ? undefined : cookie(problems, "transaction.cookie", transaction.cookie),
    },
    backchannelTimeoutSeconds: timeout,
    firstDiscoveryTimeoutSeconds: Math.min(timeout, 5),
    skipUnrecognizedRequests: flag(problems, "skipUnrecognizedRequests", options.skipUnrecognizedRequests, false),
    fetch: options.fetch,
    now: options.now ?? systemClock,
    logger: options.logger,
    events,
  };
  if (isPosted(flow.responseMode) && resolved.baseUrl?.origin.startsWith("http:") === true) {
    if (!isLoopback(new URL(resolved.baseUrl.origin).hostname)) {
      problems.add(
        "responseMode",
        `is "${flow.responseMode}", whose cookie browsers keep over https alone, and baseUrl is http. Use https, or "query".`,
      );
    }
  }
  if (flow.responseType === "id_token") {
    const idle = [resolved.dPoP && "dPoP", resolved.userInfo && "getClaimsFromUserInfoEndpoint"].filter((name) => name);
    for (const name of idle) {
      problems.add(String(name), 'needs an access token, and responseType "id_token" brings none. Use "code".');
    }
  }
  if (!resolved.usePkce && flow.responseType !== "id_token") {
    if (resolved.isPublicClient) {
      problems.add("usePkce", "is false for a client without clientSecret: PKCE is then all that protects a code.");
    }
    warnOnce(
      "OIDC_PKCE_OFF",
      "usePkce is false: an intercepted code can be redeemed. Leave PKCE on.",
      resolved.clientId,
    );
  }
  return Object.freeze(resolved);
}

/** Seconds since the epoch, with a fraction. */
function systemClock(): number {
  return Date.now() / 1000;
}

function scopes(problems: Problems, given: unknown): readonly string[] {
  const scope = textList(problems, "scope", given) ?? ["openid", "profile"];
  if (!scope.includes("openid")) {
    problems.add("scope", 'lacks "openid", without which no one is identified; add it.');
  }
  return scope;
}

function fixedParameters(problems: Problems, options: OpenIdConnectOptions): readonly (readonly [string, string])[] {
  const parameters: [string, string][] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) parameters.push([name, value]);
  };
  add("prompt", text(problems, "prompt", options.prompt));
  for (const resource of textList(problems, "resource", options.resource) ?? []) add("resource", resource);
  add("login_hint", text(problems, "loginHint", options.loginHint));
  add("ui_locales", textList(problems, "uiLocales", options.uiLocales)?.join(" "));
  add("display", text(problems, "display", options.display));
  add("claims", claimsParameter(problems, options.claims));
  add("authorization_details", authorizationDetails(problems, options.authorizationDetails));
  const own = ownParameters(problems, "additionalAuthorizationParameters", options.additionalAuthorizationParameters);
  for (const [name, value] of Object.entries(own)) add(name, value);
  return parameters;
}

function ownParameters(problems: Problems, path: string, given: unknown): Readonly<Record<string, string>> {
  const parameters = record(problems, path, given);
  for (const [name, value] of Object.entries(parameters)) {
    if (PROTOCOL_PARAMETERS.has(name))
      problems.add(`${path}.${name}`, "belongs to the protocol and cannot be set here.");
    if (typeof value !== "string") problems.add(`${path}.${name}`, `must be a text, is ${describe(value)}.`);
  }
  return { ...parameters };
}

function algorithms(problems: Problems, given: unknown): readonly string[] {
  const list = textList(problems, "tokenValidation.algorithms", given) ?? SAFE_ALGORITHMS;
  for (const algorithm of list) {
    if (!SAFE_ALGORITHMS.includes(algorithm)) {
      problems.add(
        "tokenValidation.algorithms",
        `"${algorithm}" is not one of ${SAFE_ALGORITHMS.join(", ")}; set the client's ID token signature at the provider to one of them.`,
      );
    }
  }
  return list;
}

function claimActions(problems: Problems, given: OpenIdConnectOptions["claimActions"]): ClaimActions {
  const actions = new ClaimActions();
  callable(problems, "claimActions", given);
  if (typeof given === "function") given(actions);
  return actions;
}

const SAVABLE: readonly SavableToken[] = ["access_token", "id_token", "refresh_token"];

function savedTokens(problems: Problems, given: unknown): readonly SavableToken[] {
  if (given === undefined || given === false) return [];
  if (given === true) return SAVABLE;
  if (Array.isArray(given) && given.every((name) => SAVABLE.includes(name))) return given;
  problems.add("saveTokens", `must be true, false or a list of ${SAVABLE.map((name) => `"${name}"`).join(", ")}.`);
  return [];
}

function baseUrl(problems: Problems, given: unknown): { origin: string; prefix: string } | undefined {
  const url = absoluteUrl(problems, "baseUrl", given, false);
  if (url === undefined) return undefined;
  if (url.search !== "" || url.hash !== "") problems.add("baseUrl", "must have no query and no fragment.");
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, "") };
}

function signedOutRedirectUri(problems: Problems, given: unknown): string {
  if (given === undefined) return "/";
  if (typeof given === "string" && /^(\/(?!\/)[^\\\s]*|https?:\/\/[^\\\s]+)$/.test(given)) return given;
  problems.add("signedOutRedirectUri", `must be a path of this app or an http(s) URL, is ${quote(given)}.`);
  return "/";
}
