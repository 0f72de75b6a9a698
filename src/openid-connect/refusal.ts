import type { Exchange } from "../authentication/exchange.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import type { Handled } from "../authentication/scheme-registry.js";
import { CallbackError } from "../errors.js";
import type { AccessDeniedContext, ChallengeProperties } from "../options/events.js";
import { authorizationErrorHint } from "../protocol/authorization-error-hint.js";
import { safeErrorName } from "../protocol/provider-errors.js";
import { accessDenied } from "./access-denied.js";
import type { CallbackMessage } from "./callback-message.js";
import { raise } from "./event-runner.js";
import { eventBase, ownUrl, type Remote, redirectLocally } from "./remote.js";

/** The provider answered with an error (OIDC Core 3.1.2.6): the user said no, or something is not set up. */
export async function refuse(
  remote: Remote,
  exchange: Exchange,
  properties: ChallengeProperties,
  given: string,
  message: CallbackMessage,
): Promise<Handled> {
  const name = safeErrorName(given);
  const details = { error: given, errorDescription: message["error_description"], errorUri: message["error_uri"] };
  if (name !== "access_denied") {
    const sent = { redirectUri: ownUrl(exchange, remote.options.paths.callback), usePkce: remote.options.usePkce };
    throw new CallbackError(
      "ERR_OIDC_AUTHORIZATION_REJECTED",
      `The provider ended the sign-in with an error (${name}). ${authorizationErrorHint(name, message["error_description"], sent) ?? "Its own words are in errorDescription."}`,
      details,
    );
  }
  const error = accessDenied(message);
  const context = await raise<AccessDeniedContext>(
    remote.options.events.onAccessDenied,
    { ...eventBase(remote, exchange), properties, error, accessDeniedPath: remote.options.accessDeniedPath },
    ["handled", "skip"],
  );
  if (context.accessDeniedPath === undefined) throw error;
  // An event may have made it of what the provider, or whoever sent this answer, says.
  const path = returnUrlFromCode(`${exchange.publicPath}${context.accessDeniedPath}`, exchange.origin);
  const query = new URLSearchParams({ [remote.options.returnUrlParameter]: properties.returnUrl });
  redirectLocally(exchange, `${path}${path.includes("?") ? "&" : "?"}${query}`);
  return "answered";
}
