import type { Exchange } from "../authentication/exchange.js";
import type { Handled } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { CallbackError, OpenIdConnectError } from "../errors.js";
import type { ChallengeProperties, MessageReceivedContext, RemoteFailureContext } from "../options/events.js";
import { type Accepted, acceptedByEvent, acceptUser } from "./accept-user.js";
import {
  assertForm,
  assertInTime,
  assertIssuer,
  assertRedirectUri,
  assertThisBrowser,
  openAnswer,
  openTransaction,
  used,
} from "./answer-checks.js";
import { type CallbackMessage, readCallbackMessage } from "./callback-message.js";
import { completeSignIn } from "./complete-sign-in.js";
import { FailedByEvent, Interruption, raise } from "./event-runner.js";
import { logFailure } from "./failure-log.js";
import { refuse } from "./refusal.js";
import { eventBase, loginUrl, ownUrl, type Remote, redirectLocally } from "./remote.js";

/** What the steps learn on the way, for those that follow and for the failure path. */
interface Progress {
  properties?: ChallengeProperties;
}

/**
 * `callbackPath`: the provider's answer.
 *
 * 1. Read the message: one of each parameter, from query or form, or out of one signed answer (JARM).
 * 2. Open the transaction out of `state`; a callback that comes back goes on without the provider.
 * 3. Check that it is this browser's, in time, unused, and the issuer's (RFC 9207).
 * 4. An error of the provider ends here.
 * 5. Validate the ID token that came along, redeem the code, validate its tokens (OIDC Core 3.1.3, 3.2.2, 3.3.2), ask
 *    userinfo where the options say so.
 * 6. Sign in under a new session id, and go to the return URL.
 */
export async function handleCallback(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn | undefined,
): Promise<Handled> {
  const progress: Progress = {};
  try {
    return await run(remote, exchange, current, progress);
  } catch (thrown) {
    if (thrown instanceof Interruption) return thrown.kind === "skip" ? "skipped" : "answered";
    const failure = thrown instanceof FailedByEvent ? thrown.error : thrown;
    const error = failure instanceof Error ? failure : new Error(String(failure));
    if (error instanceof OpenIdConnectError) {
      error.loginUrl ??= loginUrl(remote, exchange, progress.properties?.returnUrl);
    }
    return await fail(remote, exchange, error, progress);
  }
}

async function fail(remote: Remote, exchange: Exchange, error: Error, progress: Progress): Promise<Handled> {
  try {
    await raise<RemoteFailureContext>(
      remote.options.events.onRemoteFailure,
      { ...eventBase(remote, exchange), error, properties: progress.properties },
      ["handled", "skip"],
    );
  } catch (thrown) {
    if (thrown instanceof Interruption) return thrown.kind === "skip" ? "skipped" : "answered";
    throw thrown;
  }
  logFailure(remote, "sign_in_failed", error);
  throw error;
}

async function run(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn | undefined,
  progress: Progress,
): Promise<Handled> {
  const { options, provider } = remote;
  const skips = (message: CallbackMessage) =>
    options.skipUnrecognizedRequests &&
    ["state", "code", "id_token", "response", "error"].every((name) => message[name] === undefined);

  const received = await readCallbackMessage(exchange).catch((error: unknown) => {
    if (options.skipUnrecognizedRequests && error instanceof CallbackError) return undefined;
    throw error;
  });
  if (received === undefined || skips(received)) return "skipped";
  const message = await openAnswer(remote, received);
  const transaction = openTransaction(remote, message);
  const properties: ChallengeProperties = {
    returnUrl: transaction.returnUrl,
    state: transaction.extras.state,
  };
  progress.properties = properties;

  // The ticket itself says that this transaction made it: the back button, or a reload, of a sign-in that went well.
  if (current?.ticket.transactionId === transaction.id) {
    redirectLocally(exchange, transaction.returnUrl);
    return "answered";
  }
  assertInTime(remote, transaction);
  assertThisBrowser(remote, exchange, transaction);
  const metadata = await provider.metadata();
  const redirectUri = ownUrl(exchange, options.paths.callback);
  assertIssuer(message, transaction, metadata, options);
  assertRedirectUri(transaction, redirectUri);
  assertForm(remote, exchange, message);
  const expiresAt = transaction.issuedAtSeconds + options.transaction.lifetimeSeconds;
  if (!remote.usedTransactions.use(transaction.id, expiresAt)) {
    const subject = remote.usedTransactions.outcome(transaction.id);
    if (subject === undefined || subject !== current?.user.sub) throw used();
    redirectLocally(exchange, transaction.returnUrl);
    return "answered";
  }
  const known = await messageReceived(remote, exchange, message, properties);
  if (known !== undefined) return await completeSignIn(remote, exchange, transaction, properties, known);
  if (message["error"] !== undefined) return await refuse(remote, exchange, properties, message["error"], message);

  const accepted = await acceptUser(remote, exchange, message, transaction, metadata, redirectUri, properties);
  return await completeSignIn(remote, exchange, transaction, properties, accepted);
}

/** Whom `onMessageReceived` accepts, if anyone. */
async function messageReceived(
  remote: Remote,
  exchange: Exchange,
  message: CallbackMessage,
  properties: ChallengeProperties,
): Promise<Accepted | undefined> {
  try {
    await raise<MessageReceivedContext>(remote.options.events.onMessageReceived, {
      ...eventBase(remote, exchange),
      properties,
      claims: undefined,
      // A copy: without the token that is to be validated, say, the flow would be another one.
      parameters: Object.freeze({ ...message }),
    });
    return undefined;
  } catch (thrown) {
    return acceptedByEvent(thrown);
  }
}
