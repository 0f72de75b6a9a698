import type { Exchange } from "../authentication/exchange.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { warnOnce } from "../warnings.js";
import type { Remote } from "./remote.js";

/*
 * What only shows when requests come, and what nobody else will tell: a provider that refuses a redirect URI says so on
 * a page of its own, which never reaches the app.
 */

/** URIs that were told, for each app: a Host header can be anything, so there is an end to it. */
const told = new WeakMap<Remote, Set<string>>();
const MOST_TOLD = 50;

function isNews(remote: Remote, subject: string): boolean {
  const known = told.get(remote) ?? new Set();
  told.set(remote, known);
  if (known.has(subject) || known.size >= MOST_TOLD) return false;
  known.add(subject);
  return true;
}

/** Before a challenge leaves. */
export function adviseChallenge(
  remote: Remote,
  exchange: Exchange,
  metadata: CheckedMetadata,
  redirectUri: string,
): void {
  const { options } = remote;
  if (isNews(remote, redirectUri)) {
    options.logger?.info?.(
      { event: "redirect_uri", scheme: remote.name, redirectUri },
      `Sign-ins come back to ${redirectUri}: this exact URL must be registered as a redirect URI of ${options.clientId}.`,
    );
  }
  if (options.usePkce) {
    const supported = metadata["code_challenge_methods_supported"];
    if (Array.isArray(supported) && !supported.includes("S256") && isNews(remote, "S256")) {
      options.logger?.warn?.(
        { event: "s256_not_listed", scheme: remote.name },
        `The metadata of ${metadata.issuer} does not list S256 in code_challenge_methods_supported. It is sent all the same; if sign-ins fail, ask the provider to support PKCE with S256.`,
      );
    }
  }
  warnOfUntrustedProxy(remote, exchange);
  warnOfStrippedPath(exchange);
}

/** Before a sign-out leaves. */
export function adviseSignOut(remote: Remote, postLogoutRedirectUri: string): void {
  if (!isNews(remote, postLogoutRedirectUri)) return;
  remote.options.logger?.info?.(
    { event: "post_logout_redirect_uri", scheme: remote.name, postLogoutRedirectUri },
    `Sign-outs come back to ${postLogoutRedirectUri}: this exact URL must be registered as a post-logout redirect URI of ${remote.options.clientId}.`,
  );
}

/** After a sign-in that was granted less than it asked for; `req.oidc.grantedScopes` tells the app. */
export function adviseScopes(remote: Remote, granted: readonly string[]): void {
  const { logger, scope, clientId } = remote.options;
  const missing = scope.filter((name) => !granted.includes(name));
  if (granted.length === 0 || missing.length === 0 || !isNews(remote, `scope ${missing.join(" ")}`)) return;
  logger?.warn?.(
    { event: "scopes_not_granted", scheme: remote.name, missing },
    `The provider granted less than the scope option asks for: ${missing.join(" ")} is missing. Allow it for ${clientId} there, or take it out of scope.`,
  );
}

/** TLS seems to end at a proxy that Express was not told to trust: redirect URI and cookies would be those of http. */
function warnOfUntrustedProxy(remote: Remote, exchange: Exchange): void {
  if (!isProxyUntrusted(remote, exchange)) return;
  warnOnce(
    "OIDC_PROXY_NOT_TRUSTED",
    `A request says X-Forwarded-Proto: https, and Express does not trust the proxy it came through: the redirect URI begins with ${exchange.origin} and cookies are not Secure. Set app.set("trust proxy", 1), or baseUrl.`,
    remote.name,
  );
}

/** The browser sees a path that the app does not: redirect URI and cookies would be those of another one. */
function warnOfStrippedPath({ req, origin, publicPath }: Exchange): void {
  const prefix = String(req.headers["x-forwarded-prefix"] ?? "").replace(/\/+$/, "");
  if (!/^\/[\w./-]{1,100}$/.test(prefix) || `${publicPath}/`.startsWith(`${prefix}/`)) return;
  warnOnce(
    "OIDC_PATH_STRIPPED",
    `A proxy says that it takes ${prefix} off the path (X-Forwarded-Prefix), and the redirect URI has no such path: it begins with ${origin}${publicPath}. Set baseUrl to the public URL, with ${prefix}.`,
  );
}

export function isProxyUntrusted(remote: Remote, exchange: Exchange): boolean {
  const claimed = exchange.req.headers["x-forwarded-proto"];
  return remote.options.baseUrl === undefined && !exchange.isHttps && claimed === "https";
}
