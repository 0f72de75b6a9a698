import type { Exchange } from "../authentication/exchange.js";
import { CallbackError } from "../errors.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { readCorrelationCookies } from "../session/correlation-cookie.js";
import type { OpenedTransaction } from "../session/transaction.js";
import { type CallbackMessage, malformed } from "./callback-message.js";
import type { Remote } from "./remote.js";

/*
 * What must hold before an answer is believed to be the answer to a question of ours. Each check is one function, none
 * asks the provider.
 */

export function openTransaction(remote: Remote, message: CallbackMessage): OpenedTransaction {
  const { state } = message;
  if (state === undefined || state === "") {
    throw new CallbackError(
      "ERR_OIDC_STATE_MISSING",
      "This is not the answer to a sign-in that began here: it has no state. Open the app and sign in from there.",
    );
  }
  const transaction = remote.transactions.open(state);
  if (transaction === undefined) {
    throw new CallbackError(
      "ERR_OIDC_STATE_INVALID",
      "The state of this answer was not made by this app: it was changed on the way, or sealed with another secret. With several nodes, give all the same session.secret (and transaction.secret).",
    );
  }
  if (transaction.scheme !== remote.name) {
    throw new CallbackError(
      "ERR_OIDC_STATE_FOREIGN",
      "This answer belongs to a sign-in with another scheme. Give each scheme its own callbackPath.",
    );
  }
  return transaction;
}

export function assertInTime(remote: Remote, transaction: OpenedTransaction): void {
  const age = remote.options.now() - transaction.issuedAtSeconds;
  const { lifetimeSeconds } = remote.options.transaction;
  if (age <= lifetimeSeconds) return;
  throw new CallbackError(
    "ERR_OIDC_STATE_EXPIRED",
    `The sign-in took longer than ${lifetimeSeconds} s (transaction.lifetime). Sign in again.`,
  );
}

export function assertThisBrowser(remote: Remote, exchange: Exchange, transaction: OpenedTransaction): void {
  const { prefix } = remote.correlationCookie(exchange);
  const cookies = readCorrelationCookies(exchange.req.headers.cookie, prefix);
  if (cookies.some(({ value }) => transaction.isBoundTo(value))) return;
  throw new CallbackError(
    "ERR_OIDC_CORRELATION_FAILED",
    cookies.length > 0
      ? "This sign-in began in another browser, or its cookies were cleared since. Sign in again."
      : `The cookie that binds a sign-in to this browser (${prefix}*) did not come back. It began in another browser or on another host name, cookies are blocked, or the cookie is Secure and this connection is not https. Sign in again.`,
  );
}

/** RFC 9207 2.4, and the issuer that the challenge was made for: no answer of one provider counts for another. */
export function assertIssuer(
  message: CallbackMessage,
  transaction: OpenedTransaction,
  metadata: CheckedMetadata,
): void {
  const promised = metadata["authorization_response_iss_parameter_supported"] === true;
  if (message["iss"] === metadata.issuer || (message["iss"] === undefined && !promised)) {
    if (transaction.isFor(metadata.issuer)) return;
  }
  throw new CallbackError(
    "ERR_OIDC_ISSUER_MISMATCH",
    message["iss"] === undefined && promised
      ? "The provider promises an iss parameter in its answers, and this one has none. Sign in again."
      : `This answer is not of the provider that was asked (${metadata.issuer}).`,
  );
}

export function assertRedirectUri(transaction: OpenedTransaction, redirectUri: string): void {
  if (transaction.isSentWith(redirectUri)) return;
  throw new CallbackError(
    "ERR_OIDC_STATE_FOREIGN",
    `This sign-in began under another URL than the one it came back to (${redirectUri}). Set baseUrl, or "trust proxy", so that the app always sees its one public origin.`,
  );
}

export function assertForm(message: CallbackMessage): void {
  if (message["code"] !== undefined && message["error"] !== undefined) {
    throw malformed("it holds both a code and an error");
  }
  for (const name of ["id_token", "access_token", "response"]) {
    if (message[name] !== undefined) throw malformed(`it holds ${name}, which was not asked for`);
  }
  if (!message["code"] && !message["error"]) throw malformed("it holds neither a code nor an error");
}

export function used(): CallbackError {
  return new CallbackError(
    "ERR_OIDC_STATE_USED",
    "This answer was used before, as happens with the back button. Sign in again.",
  );
}
