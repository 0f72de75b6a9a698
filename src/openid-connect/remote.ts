import type { IncomingMessage, ServerResponse } from "node:http";
import { redirect } from "../authentication/answers.js";
import { cookiesByPath } from "../authentication/cookies-by-path.js";
import type { Exchange } from "../authentication/exchange.js";
import { localReturnUrl } from "../authentication/return-url.js";
import type { SessionScheme } from "../authentication/session-scheme.js";
import type { RefreshCoordinator } from "../options/refresh-options.js";
import { isPosted } from "../options/resolve-flow.js";
import { isLoopback } from "../options/resolve-metadata-source.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { createProvider, type Provider } from "../protocol/provider.js";
import { clearCorrelation } from "../session/correlation-cookie.js";
import { createKeyRing, type KeyRing } from "../session/key-ring.js";
import { createProcessCoordinator } from "../session/process-coordinator.js";
import { sendCookies } from "../session/response-cookies.js";
import type { CookieAttributes } from "../session/session-cookie.js";
import { createTransactions, type Transactions } from "../session/transaction.js";
import { createUsedTransactions, type UsedTransactions } from "../session/used-transactions.js";

/** A remote scheme's parts, as its endpoints share them. */
export interface Remote {
  readonly name: string;
  readonly options: ResolvedOpenIdConnectOptions;
  readonly provider: Provider;
  readonly session: SessionScheme;
  readonly sessionOptions: ResolvedSessionOptions;
  readonly keys: KeyRing;
  readonly transactions: Transactions;
  readonly usedTransactions: UsedTransactions;
  readonly coordinator: RefreshCoordinator;
  correlationCookie(exchange: Exchange): { readonly prefix: string; readonly attributes: CookieAttributes };
}

export function createRemote(
  name: string,
  options: ResolvedOpenIdConnectOptions,
  session: SessionScheme,
  sessionOptions: ResolvedSessionOptions,
): Remote {
  const keys = createKeyRing(options.transaction.secrets ?? sessionOptions.secrets);
  const cookieOptions = options.transaction.cookie ?? { ...sessionOptions.cookie, sameSite: "lax" };
  const cookieFor = cookiesByPath(options.transaction.name, cookieOptions);
  return {
    name,
    options,
    provider: createProvider(options),
    session,
    sessionOptions,
    keys,
    transactions: createTransactions(keys, options.now),
    usedTransactions: createUsedTransactions(options.now),
    coordinator: options.refresh.coordinator ?? createProcessCoordinator(options.now),
    correlationCookie(exchange) {
      const cookie = cookieFor(exchange.publicPath, exchange.isHttps);
      const attributes: CookieAttributes =
        // The provider's form posts from its own site. Browsers take None with Secure alone, on loopback http too.
        isPosted(options.responseMode) && (exchange.isHttps || isLoopback(new URL(exchange.origin).hostname))
          ? { ...cookie.attributes, sameSite: "none", secure: true }
          : cookie.attributes;
      return { prefix: `${cookie.name}.`, attributes };
    },
  };
}

/** Public URL of one of our own paths. */
export function ownUrl(exchange: Exchange, path: string): string {
  return exchange.origin + exchange.publicPath + path;
}

/**
 * Where users land when nothing says where: the root of what sees their session. Under a mount path, or a prefix of
 * `baseUrl`, the root of the origin is another app's.
 */
export function home({ sessionOptions }: Remote, exchange: Exchange): string {
  if (sessionOptions.isMounted) return "/";
  const path = sessionOptions.cookie.path ?? exchange.publicPath;
  // A parametric mount path is the browser's text.
  return localReturnUrl(path.endsWith("/") ? path : `${path}/`, exchange.origin) ?? "/";
}

/** The path where a person starts a sign-in, for error pages and API answers; `undefined` when it is switched off. */
export function loginUrl(remote: Remote, exchange: Exchange, returnUrl?: string): string | undefined {
  const { login } = remote.options.paths;
  if (login === undefined) return undefined;
  const query =
    returnUrl === undefined || returnUrl === home(remote, exchange)
      ? ""
      : `?${new URLSearchParams({ [remote.options.returnUrlParameter]: returnUrl })}`;
  return exchange.publicPath + login + query;
}

/** The return URL of our own query parameter: a bad one is as if it were not there. */
export function returnUrlFromQuery(remote: Remote, exchange: Exchange): string | undefined {
  const query = exchange.url.indexOf("?");
  if (query === -1) return undefined;
  const given = new URLSearchParams(exchange.url.slice(query)).getAll(remote.options.returnUrlParameter);
  return given.length === 1 ? notOwnEndpoint(remote, exchange, localReturnUrl(given[0], exchange.origin)) : undefined;
}

/** A return to one of our own paths would start the next flow by itself, and could go round for ever. */
export function notOwnEndpoint(remote: Remote, exchange: Exchange, returnUrl: string | undefined): string | undefined {
  if (returnUrl === undefined) return undefined;
  const { pathname } = new URL(returnUrl, exchange.origin);
  const isOwn = Object.values(remote.options.paths).some((path) => pathname === exchange.publicPath + path);
  return isOwn ? undefined : returnUrl;
}

export function clearCorrelationCookies(remote: Remote, exchange: Exchange): void {
  const { prefix, attributes } = remote.correlationCookie(exchange);
  const { cookie } = exchange.req.headers;
  sendCookies(exchange.res, `correlation ${remote.name}`, () => clearCorrelation(cookie, prefix, attributes));
}

/** Goes on to where the user was going; 303 makes a GET of what was a form's POST. */
export function redirectLocally(exchange: Exchange, location: string): void {
  redirect(exchange.res, exchange.req.method === "GET" ? 302 : 303, location);
}

/** What every event is told. */
export function eventBase(
  remote: Remote,
  exchange: Exchange,
): { readonly req: IncomingMessage; readonly res: ServerResponse; readonly scheme: string } {
  return { req: exchange.req, res: exchange.res, scheme: remote.name };
}
