import type { Exchange } from "../authentication/exchange.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import { CallbackError } from "../errors.js";
import type { ChallengeOptions } from "../options/request-options.js";
import { type CallbackMessage, readCallbackMessage } from "./callback-message.js";
import { home, notOwnEndpoint, type Remote } from "./remote.js";

/** A hint is a name or an address; what is longer is not one. */
const MAX_HINT_LENGTH = 512;

/**
 * A login that another site began (OIDC Core 4): `iss`, `target_link_uri` and `login_hint` in query or form. Anyone can
 * send such a request, so it may only name our own provider, and lead to our own origin.
 *
 * @returns `undefined` for a request that names no issuer: an ordinary one
 * @throws CallbackError `ERR_OIDC_ISSUER_MISMATCH`, `ERR_OIDC_CALLBACK_MALFORMED`
 */
export async function readInitiatedLogin(remote: Remote, exchange: Exchange): Promise<ChallengeOptions | undefined> {
  const { method, headers } = exchange.req;
  if (method === "GET" && !/[?&]iss=/.test(exchange.url)) return undefined;
  if (method === "POST" && headers["content-type"]?.startsWith("application/x-www-form-urlencoded") !== true) {
    return undefined;
  }
  const { iss, target_link_uri: target, login_hint: loginHint }: CallbackMessage = await readCallbackMessage(exchange);
  if (iss === undefined) return undefined;
  const { issuer } = await remote.provider.metadata();
  if (iss !== issuer && remote.options.validIssuers?.includes(iss) !== true) {
    throw new CallbackError(
      "ERR_OIDC_ISSUER_MISMATCH",
      `This login was begun for another provider than the one of this app (${issuer}).`,
    );
  }
  return {
    returnUrl: ownTarget(remote, exchange, target) ?? home(remote, exchange),
    ...(loginHint !== undefined && loginHint.length <= MAX_HINT_LENGTH && { loginHint }),
  };
}

/** OIDC Core 4: an unchecked target would make an open redirector of this app. */
function ownTarget(remote: Remote, exchange: Exchange, target: string | undefined): string | undefined {
  if (target === undefined) return undefined;
  try {
    return notOwnEndpoint(remote, exchange, returnUrlFromCode(target, exchange.origin));
  } catch {
    return undefined;
  }
}
