import { createHash } from "node:crypto";
import type { Exchange } from "../authentication/exchange.js";
import { ConfigurationError } from "../errors.js";
import { forgetSignIn, noteSignIn, readCorrelationCookies } from "../session/correlation-cookie.js";
import { sendCookies } from "../session/response-cookies.js";
import type { Remote } from "./remote.js";

/** A challenge this soon after a sign-in, with no session cookie at all, means that the browser did not keep it. */
const SUSPICIOUS_SECONDS = 30;

/** Sign-ins one after the other, without a person in between, of which none was known at the next request: a loop. */
const LOOP_SIGN_INS = 3;

/** Notes in the correlation cookie that a sign-in went well just now. */
export function noteKeptSession(remote: Remote, exchange: Exchange): void {
  const { prefix, attributes } = remote.correlationCookie(exchange);
  const { lifetimeSeconds } = remote.options.transaction;
  const { cookie } = exchange.req.headers;
  const note = { atSeconds: remote.options.now(), session: mark(remote, exchange) };
  sendCookies(exchange.res, `correlation ${remote.name}`, () =>
    noteSignIn(cookie, prefix, attributes, lifetimeSeconds, note),
  );
}

/**
 * Takes the note back, of a session that has ended otherwise than by a sign-out. The cookie itself stays: tabs that sign
 * in right now need it.
 */
export function forgetKeptSession(remote: Remote, exchange: Exchange): void {
  const { prefix, attributes } = remote.correlationCookie(exchange);
  const { cookie } = exchange.req.headers;
  sendCookies(exchange.res, `correlation ${remote.name}`, () =>
    forgetSignIn(cookie, prefix, attributes, remote.options.transaction.lifetimeSeconds),
  );
}

function mark(remote: Remote, exchange: Exchange): string {
  const name = remote.session.cookieName(exchange) ?? "";
  return createHash("sha256").update(name).digest("base64url").slice(0, 4);
}

/**
 * Explains what would otherwise go round for ever: signed in, session lost, signed in again without a question.
 *
 * @throws ConfigurationError `ERR_OIDC_SESSION_NOT_KEPT`
 */
export function assertSessionKept(remote: Remote, exchange: Exchange): void {
  const { cookie } = exchange.req.headers;
  if (cookie === undefined) return;
  const { prefix } = remote.correlationCookie(exchange);
  const session = mark(remote, exchange);
  const [latest] = readCorrelationCookies(cookie, prefix)
    .flatMap(({ signedIn }) => (signedIn?.session === session ? [signedIn] : []))
    .sort((a, b) => b.atSeconds - a.atSeconds);
  if (latest === undefined) return;
  const age = remote.options.now() - latest.atSeconds;
  // A session that is over by now is one that the browser has dropped rightly.
  const mostSeconds = Math.min(SUSPICIOUS_SECONDS, remote.sessionOptions.expireTimeSpanSeconds - 1);
  if (age < 0 || age > mostSeconds) return;
  const name = remote.session.cookieName(exchange);
  const isDropped = name !== undefined && !cookie.includes(`${name}=`);
  if (!isDropped && latest.inARow < LOOP_SIGN_INS) return;
  // Told once: whoever tries again shall be able to.
  forgetKeptSession(remote, exchange);
  throw new ConfigurationError(
    "ERR_OIDC_SESSION_NOT_KEPT",
    isDropped
      ? `The sign-in of ${Math.floor(age)} s ago went well, and the browser did not keep the session cookie (${name}). ${reasons(remote, exchange, name)}`
      : `The last ${latest.inARow} sign-ins went well, and none of their sessions was there at the next request. Does the session store lose what it was given, has another node another secret or store, or does onValidatePrincipal, session.revocations or expireTimeSpan end each session at once?`,
  );
}

function reasons(remote: Remote, exchange: Exchange, name: string): string {
  const { cookie } = remote.sessionOptions;
  const found: string[] = [];
  if (!exchange.isHttps && (cookie.secure === true || name.startsWith("__"))) {
    found.push('It is Secure, and this connection is http: use https, or session.cookie.secure "auto".');
  }
  if (cookie.domain !== undefined)
    found.push(`session.cookie.domain is "${cookie.domain}": is that this host or above it?`);
  if (cookie.path !== undefined) found.push(`session.cookie.path is "${cookie.path}": is this page below it?`);
  if (cookie.sameSite === "strict") {
    found.push(
      'session.cookie.sameSite is "strict", which browsers leave out on the way back from the provider: use "lax".',
    );
  }
  if (found.length === 0) {
    found.push(
      "Is the sign-in on one host name and this page on another, does a proxy drop Set-Cookie, or are cookies blocked?",
    );
  }
  return found.join(" ");
}
