import type { Exchange } from "../authentication/exchange.js";
import { isPageView, mayBeNavigation } from "../authentication/request-kind.js";
import { CallbackError } from "../errors.js";
import { challenge } from "./challenge.js";
import { readInitiatedLogin } from "./initiated-login.js";
import { home, type Remote, returnUrlFromQuery } from "./remote.js";

/**
 * `loginPath`: starts a sign-in. Nothing of its query but the return URL reaches the provider, unless the provider, or
 * a site in its name, began the login (OIDC Core 4).
 */
export async function handleLogin(remote: Remote, exchange: Exchange): Promise<void> {
  const { req } = exchange;
  if (req.method !== "GET" && req.method !== "HEAD" && req.method !== "POST")
    throw methodNotAllowed(remote, "GET, POST");
  const initiated = req.method === "HEAD" ? undefined : await readInitiatedLogin(remote, exchange);
  if (initiated !== undefined) {
    await challenge(remote, exchange, initiated, req.method === "GET" ? mayBeNavigation(req) : isPageView(req));
    return;
  }
  if (req.method === "POST") throw methodNotAllowed(remote, "GET");
  const returnUrl = returnUrlFromQuery(remote, exchange) ?? home(remote, exchange);
  await challenge(remote, exchange, { returnUrl }, mayBeNavigation(req));
}

function methodNotAllowed(remote: Remote, allow: string): CallbackError {
  return new CallbackError(
    "ERR_OIDC_METHOD_NOT_ALLOWED",
    `${remote.options.paths.login} answers GET alone, and POST for a login that the provider began (with iss).`,
    { headers: { allow } },
  );
}
