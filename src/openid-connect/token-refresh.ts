import { createHash } from "node:crypto";
import type { Exchange } from "../authentication/exchange.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { ConfigurationError, OpenIdConnectError, ProviderError, TokenError } from "../errors.js";
import type { Claims } from "../model.js";
import { type RefreshedTokens, refreshTokens } from "../protocol/refresh.js";
import { warnOnce } from "../warnings.js";
import { raiseRefreshed, raiseRefreshFailed, raiseRefreshing } from "./refresh-events.js";
import type { Remote } from "./remote.js";
import { held, type Wanted, withRefreshed } from "./wanted-token.js";

/** Results are there for stragglers this long; a coordinator may keep them longer. */
const GRACE_SECONDS = 60;

/** New tokens, which of the session's they are, and what the app made of its user's claims. */
export interface Refreshed {
  readonly name: string;
  readonly tokens: RefreshedTokens;
  readonly claims?: Claims | undefined;
}

/** The provider will never take this refresh token again. */
export interface Rejected {
  readonly rejected: string;
}

/** What a refresh came to, as it is told to whoever asked for the same: sealed, for it may pass through a store. */
export type Outcome = Refreshed | Rejected;

/**
 * One refresh for a refresh token, whoever asks, on whatever node.
 *
 * 1. Whoever comes first asks the provider; all others wait for the outcome, or get it within the grace.
 * 2. The session has it before anyone goes on. Should that fail, the outcome is still there: a refresh token that was
 *    exchanged must not be sent again (RFC 9700 4.14.2).
 *
 * `isFresh`: it was this call that asked the provider.
 *
 * @throws ProviderError and what event handlers throw: nothing is remembered of these, and the next one may try again
 */
export async function refreshOnce(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  refreshToken: string,
  want: Wanted,
): Promise<{ readonly outcome: Outcome; readonly isFresh: boolean }> {
  const key = refreshKey(session, refreshToken);
  let isFresh = false;
  let thrown: { readonly error: unknown } | undefined;
  const work = async (): Promise<string> => {
    const came = await refresh(remote, exchange, session, refreshToken, want);
    isFresh = true;
    let outcome: Outcome = came;
    if ("tokens" in came) {
      const { claims: idTokenClaims, ...tokens } = came.tokens;
      const refreshed = { name: came.name, tokens };
      outcome = refreshed;
      try {
        const claims = await raiseRefreshed(remote, exchange, session, want, tokens, idTokenClaims);
        outcome = { ...refreshed, claims };
      } catch (error) {
        thrown = { error };
      }
      await keep(remote, exchange, session, outcome).catch(() => undefined);
    }
    return remote.keys.seal("refresh-result", Buffer.from(JSON.stringify(outcome)), key);
  };
  const sealed = await coordinated(remote, key, work);
  if (thrown !== undefined) throw thrown.error;
  const opened = typeof sealed === "string" ? remote.keys.open("refresh-result", sealed, key) : undefined;
  if (opened !== undefined) return { outcome: JSON.parse(opened.plaintext.toString("utf8")) as Outcome, isFresh };
  throw new ProviderError(
    "ERR_OIDC_PROVIDER_RESPONSE",
    "The refresh coordinator answered with what this app did not seal. All nodes need the same secrets.",
  );
}

/** What refreshes failed with, which is told to whoever waited for them. */
const failures = new WeakSet<object>();

/**
 * @throws what `work` failed with; ProviderError `ERR_OIDC_PROVIDER_UNREACHABLE` when it is the app's own coordinator that
 * failed, so that the old token serves while it lives
 */
async function coordinated(remote: Remote, key: string, work: () => Promise<string>): Promise<unknown> {
  try {
    return await remote.coordinator.once(key, GRACE_SECONDS, () =>
      work().catch((error: unknown) => {
        const failure = error instanceof Error ? error : new Error("The refresh failed.", { cause: error });
        failures.add(failure);
        throw failure;
      }),
    );
  } catch (error) {
    if (error instanceof OpenIdConnectError || failures.has(error as object)) throw error;
    throw new ProviderError(
      "ERR_OIDC_PROVIDER_UNREACHABLE",
      "The refresh coordinator (refresh.coordinator) failed, so nobody may ask the provider: see the cause.",
      { cause: error, headers: { "retry-after": "5" } },
    );
  }
}

/** What the keys of a session's refreshes begin with. */
export function refreshKeyOfSession(sessionId: string): string {
  return digest(sessionId);
}

/**
 * The tokens at hand are part of it: a provider may keep its refresh tokens, and the next refresh is another one all
 * the same. The ticket's version is not: it grows with changes that have nothing to do with tokens.
 */
function refreshKey(session: SignedIn, refreshToken: string): string {
  const { sessionId } = session.ticket;
  const { accessToken, accessTokens } = session.tokens() ?? {};
  return `${refreshKeyOfSession(sessionId)}.${digest(JSON.stringify([sessionId, refreshToken, accessToken, accessTokens]))}`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

async function refresh(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  refreshToken: string,
  want: Wanted,
): Promise<Outcome> {
  const { evidence } = session.ticket;
  const { name, resource, scope } = want;
  const replaced = await raiseRefreshing(remote, exchange, session, want);
  if (replaced !== undefined) return { name, tokens: replaced };
  try {
    if (evidence === undefined) {
      throw new TokenError("ERR_OIDC_REFRESH_REJECTED", "This session was not begun by a provider. Sign in again.");
    }
    const dPoPKey = session.tokens()?.dPoPKey;
    const tokens = await refreshTokens(remote.provider, { refreshToken, resource, scope, evidence, dPoPKey });
    return { name, tokens };
  } catch (error) {
    await raiseRefreshFailed(remote, exchange, session, want, error as Error);
    // A refusal is final, and told to all; anything else may be tried again.
    if (error instanceof TokenError) return { rejected: error.message };
    throw error;
  }
}

/**
 * The session with the outcome in it. One that has it already, or something newer, stays as it is. Where there is no room
 * for it, the new refresh token is kept at least: the old one is spent.
 */
export async function keep(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  { name, tokens, claims }: Refreshed,
): Promise<SignedIn> {
  const before = session.tokens();
  const newest = await remote.session.newest(session);
  const known = newest.tokens();
  if (known?.refreshToken !== before?.refreshToken) return newest;
  if (held(known, name)?.accessToken === tokens.accessToken) return newest;
  try {
    return await remote.session.update(exchange, newest, {
      tokens: withRefreshed(known ?? {}, name, tokens, remote.options.now()),
      ticket: {
        ...(claims !== undefined && { claims }),
        // RFC 6749 5.1: what was granted may have become less. Of a part that was asked for it says nothing.
        ...(name === "" && tokens.scope !== undefined && { grantedScopes: tokens.scope.split(" ").filter(Boolean) }),
      },
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== "ERR_OIDC_TICKET_TOO_LARGE") throw error;
    warnOnce("OIDC_TOKEN_NOT_KEPT", `A renewed access token is asked for anew each time. ${error.message}`);
    const { refreshToken = known?.refreshToken } = tokens;
    return remote.session.update(exchange, newest, { tokens: { ...known, refreshToken } });
  }
}
