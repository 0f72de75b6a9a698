import type { Exchange } from "../authentication/exchange.js";
import { mayBeNavigation } from "../authentication/request-kind.js";
import { CallbackError } from "../errors.js";
import { challenge } from "./challenge.js";
import { type Remote, returnUrlFromQuery } from "./remote.js";

/** `loginPath`: starts a sign-in. Nothing of its query but the return URL reaches the provider. */
export async function handleLogin(remote: Remote, exchange: Exchange): Promise<void> {
  const { req } = exchange;
  if (req.method !== "GET" && req.method !== "HEAD") {
    throw new CallbackError("ERR_OIDC_METHOD_NOT_ALLOWED", `${remote.options.paths.login} answers GET alone.`, {
      headers: { allow: "GET" },
    });
  }
  const returnUrl = returnUrlFromQuery(remote, exchange) ?? "/";
  await challenge(remote, exchange, { returnUrl }, mayBeNavigation(req));
}
