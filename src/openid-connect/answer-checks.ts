import type { Exchange } from "../authentication/exchange.js";
import { CallbackError } from "../errors.js";
import { isSignedAnswer } from "../options/resolve-flow.js";
import { shown } from "../protocol/provider-errors.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { openSignedAnswer } from "../protocol/signed-answer.js";
import { readCorrelationCookies } from "../session/correlation-cookie.js";
import type { OpenedTransaction } from "../session/transaction.js";
import { accessDenied } from "./access-denied.js";
import { type CallbackMessage, malformed } from "./callback-message.js";
import { missingCorrelationReason } from "./correlation-advice.js";
import type { Remote } from "./remote.js";

/*
 * What must hold before an answer is believed to be the answer to a question of ours. Each check is one function, none
 * asks the provider.
 */

export function openTransaction(remote: Remote, message: CallbackMessage): OpenedTransaction {
  const { state } = message;
  if (state === undefined || state === "") {
    // Some providers leave it out of a denial. Nothing is believed of it, and nothing changes by it.
    if (message["error"] === "access_denied") throw accessDenied(message);
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
      : `The cookie that binds a sign-in to this browser (${prefix}*) did not come back. ${missingCorrelationReason(remote, exchange)} Sign in again.`,
  );
}

/** RFC 9207 2.4, and the issuer that the challenge was made for: no answer of one provider counts for another. */
export function assertIssuer(
  message: CallbackMessage,
  transaction: OpenedTransaction,
  metadata: CheckedMetadata,
  { responseType, validIssuers }: Pick<Remote["options"], "responseType" | "validIssuers">,
): void {
  // RFC 9207 2.4: an ID token in the answer names the issuer itself; it is validated before anything is made of it.
  const isNamedByToken = responseType !== "code" && message["id_token"] !== undefined;
  const promised = metadata["authorization_response_iss_parameter_supported"] === true && !isNamedByToken;
  const given = message["iss"];
  const isKnown = given === metadata.issuer || (given !== undefined && validIssuers?.includes(given) === true);
  if ((isKnown || (given === undefined && !promised)) && transaction.isFor(metadata.issuer)) return;
  throw new CallbackError("ERR_OIDC_ISSUER_MISMATCH", issuerFinding(given, isKnown, promised, metadata.issuer));
}

function issuerFinding(given: string | undefined, isKnown: boolean, promised: boolean, issuer: string): string {
  if (given === undefined && promised) {
    return "The provider promises an iss parameter in its answers, and this one has none. Sign in again.";
  }
  return given === undefined || isKnown
    ? `This sign-in began with another provider than the one that authority names now (${issuer}). Sign in again.`
    : `This answer is not of the provider that was asked: expected iss "${issuer}", found ${shown(given)}. Sign in again; if it stays so, compare authority with the provider's issuer, a slash at its end included.`;
}

export function assertRedirectUri(transaction: OpenedTransaction, redirectUri: string): void {
  if (transaction.isSentWith(redirectUri)) return;
  throw new CallbackError(
    "ERR_OIDC_STATE_FOREIGN",
    `This sign-in began under another URL than the one it came back to (${redirectUri}). Set baseUrl, or "trust proxy", so that the app always sees its one public origin.`,
  );
}

/** The answer holds what the response type asked for, and nothing that it did not (OAuth 2.0 Multiple Response Types). */
export function assertForm(remote: Remote, exchange: Exchange, message: CallbackMessage): void {
  const asked: ReadonlySet<string> = new Set(remote.options.responseType.split(" "));
  if (message["code"] !== undefined && message["error"] !== undefined) {
    throw malformed("it holds both a code and an error");
  }
  for (const name of ["id_token", "access_token", "response"]) {
    if (message[name] !== undefined && !asked.has(name)) throw malformed(`it holds ${name}, which was not asked for`);
  }
  if (message["error"]) return;
  if (asked.has("code") && !message["code"]) {
    throw malformed(asked.has("id_token") ? "it holds no code" : "it holds neither a code nor an error");
  }
  if (!asked.has("code") && message["code"] !== undefined) throw malformed("it holds a code, which was not asked for");
  if (asked.has("id_token") && !message["id_token"]) throw malformed("it holds no id_token");
  // A token in a URL stands in histories, logs and Referer headers: only a form may bring one.
  if (message["id_token"] !== undefined && exchange.req.method === "GET") {
    throw malformed("it holds an id_token in the query, where only a form may bring one");
  }
}

/** The parameters inside of a signed answer (JARM), believed after its checks; plain ones could be anyone's. */
export async function openAnswer(remote: Remote, message: CallbackMessage): Promise<CallbackMessage> {
  const { responseMode } = remote.options;
  if (!isSignedAnswer(responseMode)) return message;
  const { response, ...plain } = message;
  if (!response || Object.keys(plain).length > 0) {
    throw malformed(`responseMode is "${responseMode}", and it is not one signed response alone`);
  }
  return openSignedAnswer(remote.provider, await remote.provider.metadata(), response);
}

export function used(): CallbackError {
  return new CallbackError(
    "ERR_OIDC_STATE_USED",
    "This answer was used before, as happens with the back button. Sign in again.",
  );
}
