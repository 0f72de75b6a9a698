import { warnOnce } from "../warnings.js";
import {
  absoluteUrl,
  callable,
  describe,
  flag,
  MOST_TIMEOUT_SECONDS,
  oneOf,
  ownPath,
  quote,
  seconds,
  text,
  textList,
} from "./checks.js";
import { ClaimActions } from "./claim-actions.js";
import type { OpenIdConnectEvents } from "./events.js";
import { handlers } from "./handlers.js";
import type { Logger, OpenIdConnectOptions, SavableToken } from "./open-id-connect-options.js";
import { EVENT_NAMES, OPTION_NAMES } from "./option-names.js";
import type { ResolvedPrivateKey } from "./private-key.js";
import type { Problems } from "./problems.js";
import { type ResolvedClient, resolveClient } from "./resolve-client.js";
import { isPosted, type ResolvedFlow, resolveFlow } from "./resolve-flow.js";
import { decryptionKeys, requestObjectKey } from "./resolve-keys.js";
import { isLoopback, type MetadataSource, resolveMetadataSource } from "./resolve-metadata-source.js";
import { type ResolvedParameters, resolveParameters } from "./resolve-parameters.js";
import { type ResolvedPaths, resolvePaths } from "./resolve-paths.js";
import { type ResolvedRefreshOptions, resolveRefreshOptions } from "./resolve-refresh-options.js";
import { type ResolvedTokenValidation, resolveTokenValidation } from "./resolve-token-validation.js";
import { type ResolvedTransactionOptions, resolveTransactionOptions } from "./resolve-transaction-options.js";

/** A remote scheme's options, checked, with every default in place. */
export interface ResolvedOpenIdConnectOptions
  extends ResolvedClient,
    ResolvedFlow,
    ResolvedParameters,
    ResolvedTokenValidation {
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
  readonly maxAgeSeconds: number | undefined;
  readonly acrValues: readonly string[] | undefined;
  readonly userInfo: boolean;
  readonly claimActions: ClaimActions;
  readonly mapUser: OpenIdConnectOptions["mapUser"];
  readonly transformUser: OpenIdConnectOptions["transformUser"];
  readonly savedTokens: readonly SavableToken[];
  readonly refresh: ResolvedRefreshOptions;
  /** Without a slash at its end. */
  readonly baseUrl: { readonly origin: string; readonly prefix: string } | undefined;
  readonly paths: ResolvedPaths;
  /** `undefined`: the root of the app. */
  readonly signedOutRedirectUri: string | undefined;
  readonly revokeOnSignOut: boolean;
  readonly accessDeniedPath: string | undefined;
  readonly returnUrlParameter: string;
  readonly transaction: ResolvedTransactionOptions;
  readonly backchannelTimeoutSeconds: number;
  readonly firstDiscoveryTimeoutSeconds: number;
  readonly skipUnrecognizedRequests: boolean;
  readonly fetch: typeof fetch | undefined;
  readonly now: () => number;
  readonly logger: Logger | undefined;
  readonly events: OpenIdConnectEvents;
}

/** @param path prefix of the option names in messages, "" for `addOpenIdConnect` */
export function resolveOpenIdConnectOptions(
  problems: Problems,
  path: string,
  options: OpenIdConnectOptions,
  alsoKnown: Readonly<Record<string, unknown>> = {},
): ResolvedOpenIdConnectOptions {
  problems.unknownKeys(path, options, { ...OPTION_NAMES, ...alsoKnown });
  const requireHttps = flag(problems, "requireHttpsMetadata", options.requireHttpsMetadata, true);
  const events = handlers<OpenIdConnectEvents>(problems, "events", options.events, EVENT_NAMES);
  callable(problems, "fetch", options.fetch);
  callable(problems, "mapUser", options.mapUser);
  callable(problems, "transformUser", options.transformUser);
  const flow = resolveFlow(problems, options);
  const timeout = seconds(problems, "backchannelTimeout", options.backchannelTimeout, 30, {
    least: 0.01,
    most: MOST_TIMEOUT_SECONDS,
  });

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
    ...resolveParameters(problems, options),
    ...resolveTokenValidation(problems, options.tokenValidation),
    redirectBehavior:
      oneOf(problems, "redirectBehavior", options.redirectBehavior, ["redirect", "form_post"]) ?? "redirect",
    usePkce: flag(problems, "usePkce", options.usePkce, true),
    pushedAuthorization:
      oneOf(problems, "pushedAuthorization", options.pushedAuthorization, ["auto", "disable", "require"]) ?? "auto",
    requestObject: requestObjectKey(problems, options.requestObject),
    dPoP: flag(problems, "dPoP", options.dPoP, false),
    decryptionKeys: decryptionKeys(problems, options.idTokenDecryptionKeys),
    maxAgeSeconds:
      options.maxAge === undefined
        ? undefined
        : seconds(problems, "maxAge", options.maxAge, 0, { least: 0, whole: true }),
    acrValues: textList(problems, "acrValues", options.acrValues),
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
    transaction: resolveTransactionOptions(problems, options.transaction),
    backchannelTimeoutSeconds: timeout,
    firstDiscoveryTimeoutSeconds: Math.min(timeout, 5),
    skipUnrecognizedRequests: flag(problems, "skipUnrecognizedRequests", options.skipUnrecognizedRequests, false),
    fetch: options.fetch,
    now: clock(problems, options.now),
    logger: logger(problems, options.logger),
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

function clock(problems: Problems, given: OpenIdConnectOptions["now"]): () => number {
  callable(problems, "now", given);
  if (typeof given !== "function") return systemClock;
  try {
    const time: unknown = given();
    // Seconds have ten digits for the next 200 years, milliseconds have thirteen.
    if (typeof time !== "number" || !(time < 1e11)) {
      problems.add("now", `must answer seconds since the epoch (Date.now() / 1000), answers ${describe(time)}.`);
    }
  } catch (error) {
    problems.add("now", `failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return given;
}

function claimActions(problems: Problems, given: OpenIdConnectOptions["claimActions"]): ClaimActions {
  const actions = new ClaimActions();
  callable(problems, "claimActions", given);
  if (typeof given !== "function") return actions;
  try {
    const answered: unknown = given(actions);
    if (answered instanceof Promise) {
      answered.catch(() => undefined);
      problems.add("claimActions", "must not be async: it is called once, at start.");
    }
  } catch (error) {
    problems.add("claimActions", `failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  return actions;
}

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

function logger(problems: Problems, given: unknown): Logger | undefined {
  if (given === undefined) return undefined;
  // pino's is an object, others are functions with methods; `false` or a level is what other libraries take.
  if ((typeof given !== "object" && typeof given !== "function") || given === null) {
    problems.add("logger", `must be an object such as console or pino(), is ${describe(given)}.`);
    return undefined;
  }
  const found = given as Readonly<Record<string, unknown>>;
  for (const level of LOG_LEVELS) callable(problems, `logger.${level}`, found[level]);
  if (LOG_LEVELS.every((level) => found[level] === undefined)) {
    problems.add(
      "logger",
      `has none of ${LOG_LEVELS.map((level) => `${level}()`).join(", ")}: give console or pino().`,
    );
  }
  return given as Logger;
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

function signedOutRedirectUri(problems: Problems, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && /^(\/(?!\/)[^\\\s]*|https?:\/\/[^\\\s]+)$/.test(given)) return given;
  problems.add("signedOutRedirectUri", `must be a path of this app or an http(s) URL, is ${quote(given)}.`);
  return undefined;
}
