import { redirect } from "../authentication/answers.js";
import type { Exchange } from "../authentication/exchange.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import type { Handled } from "../authentication/scheme-registry.js";
import { CallbackError } from "../errors.js";
import type { SignedOutCallbackRedirectContext } from "../options/events.js";
import { Interruption, raise } from "./event-runner.js";
import { home, type Remote } from "./remote.js";

/**
 * `signedOutCallbackPath`: the browser is back from the provider's end session endpoint. The target is what our own
 * sealed `state` says; anything else, or nothing, leads to `signedOutRedirectUri`.
 */
export async function handleSignedOutCallback(remote: Remote, exchange: Exchange): Promise<Handled> {
  const { req, res } = exchange;
  if (req.method !== "GET" && req.method !== "HEAD") {
    throw new CallbackError("ERR_OIDC_METHOD_NOT_ALLOWED", "The signed-out callback answers GET alone.", {
      headers: { allow: "GET" },
    });
  }
  const query = exchange.url.indexOf("?");
  const states = query === -1 ? [] : new URLSearchParams(exchange.url.slice(query)).getAll("state");
  const opened = states.length === 1 ? remote.keys.open("sign-out", states[0] ?? "") : undefined;
  const usual = remote.options.signedOutRedirectUri ?? home(remote, exchange);
  const returnUrl = opened?.plaintext.toString("utf8") ?? usual;
  try {
    const given: Omit<SignedOutCallbackRedirectContext, "handled" | "skip"> = {
      req,
      res,
      scheme: remote.name,
      returnUrl,
    };
    const context = await raise(remote.options.events.onSignedOutCallbackRedirect, given, ["handled", "skip"]);
    // The option may lead to another origin, an event may not: what it says is often made of the request.
    const isChanged = context.returnUrl !== returnUrl && context.returnUrl !== usual;
    redirect(res, 302, isChanged ? returnUrlFromCode(context.returnUrl, exchange.origin) : context.returnUrl);
    return "answered";
  } catch (thrown) {
    if (thrown instanceof Interruption) return thrown.kind === "skip" ? "skipped" : "answered";
    throw thrown;
  }
}
