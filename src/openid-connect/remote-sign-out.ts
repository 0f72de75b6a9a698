import type { ServerResponse } from "node:http";
import type { Exchange } from "../authentication/exchange.js";
import type { Handled } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { CallbackError } from "../errors.js";
import type { RemoteSignOutContext } from "../options/events.js";
import { type CallbackMessage, readCallbackMessage } from "./callback-message.js";
import { endSessionHere } from "./end-session-here.js";
import { Interruption, raise } from "./event-runner.js";
import { eventBase, type Remote } from "./remote.js";

/**
 * `remoteSignOutPath`: the provider shows this URL in a hidden frame when the user signs out there (OpenID Connect
 * Front-Channel Logout 1.0). Any site can do the same, so `iss` and `sid` must be those of this browser's own session:
 * of the two, only `sid` is hard to guess.
 *
 * It depends on the session cookie coming along into a frame of another site. The cookie alone says whose session it
 * is: a `sid` without it ends nothing, or anyone could fill the lists of what has ended.
 */
export async function handleRemoteSignOut(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn | undefined,
): Promise<Handled> {
  const { options } = remote;
  const parameters = await readMessage(remote, exchange);
  const matchesSession = isOfSession(remote, parameters, current);
  try {
    await raise<RemoteSignOutContext>(
      options.events.onRemoteSignOut,
      { ...eventBase(remote, exchange), parameters, matchesSession },
      ["handled", "skip"],
    );
  } catch (thrown) {
    if (thrown instanceof Interruption) return thrown.kind === "skip" ? "skipped" : "answered";
    throw thrown;
  }
  if (matchesSession) {
    const { revoked } = await endSessionHere(remote, exchange, current);
    await revoked;
  } else if (current !== undefined) {
    options.logger?.info?.(
      { event: "remote_sign_out_ignored", scheme: remote.name },
      "A front-channel logout request named another session than this browser's, or none, and ended nothing. The provider must send iss and sid (frontchannel_logout_session_required).",
    );
  }
  answerFrame(exchange.res);
  return "answered";
}

async function readMessage(remote: Remote, exchange: Exchange): Promise<CallbackMessage> {
  const { method } = exchange.req;
  if (method !== "GET" && method !== "POST") {
    throw new CallbackError(
      "ERR_OIDC_METHOD_NOT_ALLOWED",
      `${remote.options.paths.remoteSignOut} answers GET and POST alone.`,
      { headers: { allow: "GET, POST" } },
    );
  }
  return readCallbackMessage(exchange).catch((error: unknown) => {
    if (!(error instanceof CallbackError)) throw error;
    const isTooLarge = error.code === "ERR_OIDC_CALLBACK_TOO_LARGE";
    throw new CallbackError(
      isTooLarge ? "ERR_OIDC_CALLBACK_TOO_LARGE" : "ERR_OIDC_CALLBACK_MALFORMED",
      "This front-channel logout request cannot be read: iss and sid come in its query, or in a form of moderate size, each once.",
      { headers: error.headers },
    );
  });
}

function isOfSession(
  remote: Remote,
  { iss, sid }: Readonly<Record<string, string | undefined>>,
  current: SignedIn | undefined,
): boolean {
  const evidence = current?.ticket.evidence;
  if (current?.ticket.scheme !== remote.name || evidence?.providerSessionId === undefined) return false;
  return iss === evidence.issuer && sid === evidence.providerSessionId;
}

/** An empty page that any frame may show: it has no headers of ours that forbid it, and nothing that could be misused. */
function answerFrame(res: ServerResponse): void {
  res.statusCode = 200;
  res.setHeader("content-type", "text/html; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-length", 0);
  res.end();
}
