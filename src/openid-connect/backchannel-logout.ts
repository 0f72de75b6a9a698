import type { ServerResponse } from "node:http";
import type { Exchange } from "../authentication/exchange.js";
import type { Handled } from "../authentication/scheme-registry.js";
import { CallbackError, LogoutTokenError } from "../errors.js";
import type { BackchannelLogoutContext } from "../options/events.js";
import { type LogoutToken, validateLogoutToken } from "../protocol/logout-token.js";
import type { Revocation } from "../session/revocations.js";
import type { UsedLogoutTokens } from "../session/used-logout-tokens.js";
import { readCallbackMessage } from "./callback-message.js";
import { FailedByEvent, Interruption, raise } from "./event-runner.js";
import { eventBase, type Remote } from "./remote.js";

/**
 * `backchannelLogoutPath`: the provider itself says that someone has signed out there (OpenID Connect Back-Channel
 * Logout 1.0). Anyone can post here, so nothing is done before the token is verified in full.
 *
 * 1. Read the form: `logout_token`, bounded.
 * 2. Validate the token (section 2.6), and that it was not used before.
 * 3. End the session that `sid` names, else all of `sub` that were signed in before.
 * 4. 200, or 400 whatever failed (section 2.8); never kept by a cache.
 */
export async function handleBackchannelLogout(
  remote: Remote,
  used: UsedLogoutTokens,
  exchange: Exchange,
): Promise<Handled> {
  const { req, res } = exchange;
  if (req.method !== "POST") {
    res.setHeader("allow", "POST");
    answerError(res, 405, "invalid_request", "Back-channel logout answers POST alone.");
    return "answered";
  }
  try {
    const token = await validateLogoutToken(remote.provider, await readLogoutToken(exchange));
    await end(remote, used, exchange, token);
    answerEmpty(res);
  } catch (thrown) {
    if (thrown instanceof Interruption) return "answered";
    refuse(remote, res, thrown instanceof FailedByEvent ? failed(thrown.error) : thrown);
  }
  return "answered";
}

async function readLogoutToken(exchange: Exchange): Promise<string> {
  const message = await readCallbackMessage(exchange).catch((error: unknown) => {
    if (!(error instanceof CallbackError)) throw error;
    throw new LogoutTokenError(
      "ERR_OIDC_LOGOUT_REQUEST_INVALID",
      "A back-channel logout is a form (application/x-www-form-urlencoded) of moderate size, each parameter once, and this request is not.",
      { headers: error.headers },
    );
  });
  const token = message["logout_token"];
  if (token) return token;
  throw new LogoutTokenError("ERR_OIDC_LOGOUT_REQUEST_INVALID", "The form has no logout_token.");
}

async function end(remote: Remote, used: UsedLogoutTokens, exchange: Exchange, token: LogoutToken): Promise<void> {
  if (!used.use(token.id, token.refusedFromSeconds)) {
    throw new LogoutTokenError(
      "ERR_OIDC_LOGOUT_TOKEN_REPLAYED",
      "The logout token was refused: it was used before (jti).",
    );
  }
  const { options } = remote;
  const { issuer, subject, providerSessionId, claims } = token;
  try {
    await raise<BackchannelLogoutContext>(
      options.events.onBackchannelLogout,
      { ...eventBase(remote, exchange), issuer, subject, providerSessionId, claims },
      ["handled", "fail"],
    );
    await remote.session.revoke(revocationOf(token, options.now()));
  } catch (thrown) {
    // Not done, so not used: the provider may come again with it.
    if (!(thrown instanceof Interruption)) used.release(token.id);
    throw thrown;
  }
  const what = providerSessionId === undefined ? "All sessions of a user" : "A session";
  options.logger?.info?.(
    { event: "backchannel_logout", scheme: remote.name, by: providerSessionId === undefined ? "sub" : "sid" },
    `${what} ended: the provider said so.`,
  );
}

/**
 * `sid` ends one session, whatever `sub` says beside it. For `sub`, sessions that began after the token was issued
 * stay: both times are of the provider's clock, which may be off. What is yet to begin stays in any case.
 */
function revocationOf({ issuer, subject, providerSessionId, issuedAtSeconds }: LogoutToken, now: number) {
  const revocation: Revocation =
    providerSessionId === undefined
      ? { issuer, subject, beforeSeconds: Math.min(now, issuedAtSeconds) }
      : { issuer, providerSessionId };
  return revocation;
}

function failed(cause: unknown): LogoutTokenError {
  return new LogoutTokenError(
    "ERR_OIDC_LOGOUT_FAILED",
    "The logout token is good, and the sessions could not be ended: see the cause.",
    { cause },
  );
}

function refuse(remote: Remote, res: ServerResponse, thrown: unknown): void {
  const error = thrown instanceof LogoutTokenError ? thrown : failed(thrown);
  const isOurs = error.code === "ERR_OIDC_LOGOUT_FAILED";
  const entry = { event: "backchannel_logout_refused", scheme: remote.name, code: error.code };
  if (isOurs) remote.options.logger?.error?.({ ...entry, cause: causeOf(error) }, error.message);
  else remote.options.logger?.warn?.(entry, error.message);
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(error.headers ?? {})) res.setHeader(name, value);
  // What happens inside is for our log, and not for whoever posts here.
  const description = isOurs ? "The logout could not be carried out. Try again later." : error.message;
  answerError(res, error.status, isOurs ? "temporarily_unavailable" : "invalid_request", description);
}

function causeOf({ cause }: Error): string | undefined {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  if (typeof code === "string") return code;
  return cause instanceof Error ? cause.name : undefined;
}

function answerEmpty(res: ServerResponse): void {
  if (res.headersSent) return;
  res.statusCode = 200;
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-length", 0);
  res.end();
}

/** RFC 6749 5.2, as section 2.8 has it. */
function answerError(res: ServerResponse, status: number, error: string, description: string): void {
  // The grammar of error_description is printable ASCII without quote and backslash.
  const text = description.replace(/[^\x20-\x7e]|["\\]/g, "'");
  const body = JSON.stringify({ error, error_description: text });
  res.statusCode = status;
  res.setHeader("content-type", "application/json; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-length", Buffer.byteLength(body));
  res.end(body);
}
