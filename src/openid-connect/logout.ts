import { page } from "../authentication/answers.js";
import type { Exchange } from "../authentication/exchange.js";
import { escapeHtml, renderPage } from "../authentication/page.js";
import { isFromOwnOrigin, isNavigation, isPrefetch } from "../authentication/request-kind.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { CallbackError } from "../errors.js";
import { type Remote, returnUrlFromQuery } from "./remote.js";
import { signOut } from "./sign-out.js";

/**
 * `logoutPath`: by link or form. Another site must not be able to sign a user out: a GET without evidence that it
 * comes from here, or from the user's own hand, is answered with a button; a POST without it is refused.
 */
export async function handleLogout(remote: Remote, exchange: Exchange, current: SignedIn | undefined): Promise<void> {
  const { req } = exchange;
  const returnUrl = returnUrlFromQuery(remote, exchange);
  const isOwn = isFromOwnOrigin(req, exchange.origin);
  if (req.method === "POST") {
    if (isOwn) return signOut(remote, exchange, current, { returnUrl });
    throw new CallbackError(
      "ERR_OIDC_LOGOUT_ORIGIN",
      `A sign-out by POST must come from the app itself (${exchange.origin}), and this one does not show that it does. Is baseUrl, or "trust proxy", set so that the app knows its own origin?`,
    );
  }
  if (req.method === "GET" || req.method === "HEAD") {
    const hasMetadata = req.headers["sec-fetch-site"] !== undefined;
    if (isOwn && req.method === "GET" && (hasMetadata ? isNavigation(req) : !isPrefetch(req))) {
      return signOut(remote, exchange, current, { returnUrl });
    }
    return confirm(remote, exchange, returnUrl);
  }
  throw new CallbackError("ERR_OIDC_METHOD_NOT_ALLOWED", `${remote.options.paths.logout} answers GET and POST alone.`, {
    headers: { allow: "GET, POST" },
  });
}

/** The form's redirects count for `form-action` too, so the page names the provider. */
async function confirm(remote: Remote, exchange: Exchange, returnUrl: string | undefined): Promise<void> {
  const metadata = await Promise.resolve(remote.provider.metadata()).catch(() => undefined);
  const endpoint = metadata?.end_session_endpoint;
  const query =
    returnUrl === undefined ? "" : `?${new URLSearchParams({ [remote.options.returnUrlParameter]: returnUrl })}`;
  const action = `${exchange.publicPath}${remote.options.paths.logout}${query}`;
  const html = renderPage(
    "Sign out?",
    `<p>You are about to sign out of this app.</p><form method="post" action="${escapeHtml(action)}"><button>Sign out</button></form>`,
  );
  page(exchange.res, 200, html, {
    formActions: endpoint === undefined ? [] : [new URL(endpoint).origin],
  });
}
