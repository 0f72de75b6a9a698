import type { Exchange } from "../authentication/exchange.js";
import type { UserToken } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { OpenIdConnectError, ProviderError, TokenError } from "../errors.js";
import type { ScopedAccessToken } from "../model.js";
import type { AccessTokenOptions } from "../options/refresh-options.js";
import { HeldBack } from "./refresh-events.js";
import type { Remote } from "./remote.js";
import { keep, type Refreshed, type Rejected, refreshOnce } from "./token-refresh.js";
import { alive, held, usable, type Wanted, wanted } from "./wanted-token.js";

/** Rounds in which another resource's refresh may come first. */
const MOST_ROUNDS = 100;

/**
 * An access token that is good now.
 *
 * 1. The one at hand, unless it is about to end.
 * 2. The one that another request has got since.
 * 3. A new one: one refresh at a time per session, so that a rotating refresh token is never sent twice.
 *
 * @throws TokenError where none can be had, ProviderError where the provider is down and the old token has ended
 */
export async function accessToken(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn,
  options: AccessTokenOptions = {},
  refused?: string | undefined,
): Promise<UserToken> {
  const want = wanted(remote, options);
  const unwanted =
    options.forceRefresh === true ? (refused ?? held(current.tokens(), want.name)?.accessToken) : undefined;
  const first = usable(remote, current, want);
  if (first !== undefined && first.accessToken !== unwanted) return userToken(current, first);
  let session = current;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    session = await remote.session.newest(session);
    const good = usable(remote, session, want);
    if (good !== undefined && good.accessToken !== unwanted) return userToken(session, good);
    const refreshToken = session.tokens()?.refreshToken;
    if (refreshToken === undefined) return lastResort(remote, session, want);
    const old = alive(remote, session, want);
    let result: Awaited<ReturnType<typeof refreshOnce>>;
    try {
      result = await refreshOnce(remote, exchange, session, refreshToken, want);
    } catch (error) {
      // The provider is away or refuses this client, or the app wants no renewal: the old token serves while it lives.
      if (old !== undefined && servesDespite(error)) return userToken(session, old);
      throw error;
    }
    const { outcome, isFresh } = result;
    if ("rejected" in outcome) {
      const newest = await remote.session.newest(session);
      // Another node may have been faster, and its tokens are here by now.
      if (newest.tokens()?.refreshToken === refreshToken) return rejected(remote, exchange, newest, want, outcome);
      session = newest;
      continue;
    }
    session = await keep(remote, exchange, session, outcome);
    const better = usable(remote, session, want);
    const hasBetter = better !== undefined && better.accessToken !== unwanted;
    if (!hasBetter && outcome.name === want.name && isLeftOut(remote, session, outcome, refreshToken)) {
      return userToken(session, outcome.tokens);
    }
    // Remembered for a straggler it may have ended meanwhile; one that has just come counts, however short it lives.
    if (!isFresh || outcome.name !== want.name) continue;
    const fresh = alive(remote, session, want);
    if (fresh === undefined) break;
    if (fresh.accessToken === outcome.tokens.accessToken) return userToken(session, fresh);
  }
  throw new ProviderError("ERR_OIDC_PROVIDER_RESPONSE", "The provider issues access tokens that have ended already.");
}

function servesDespite(error: unknown): boolean {
  return error instanceof HeldBack || (error instanceof OpenIdConnectError && !(error instanceof TokenError));
}

/** The session is as this refresh left it, and had no room for the token: it serves those who asked for it. */
function isLeftOut(
  remote: Remote,
  session: SignedIn,
  { name, tokens }: Refreshed,
  exchangedRefreshToken: string,
): boolean {
  const known = session.tokens();
  return (
    known?.refreshToken === (tokens.refreshToken ?? exchangedRefreshToken) &&
    held(known, name)?.accessToken !== tokens.accessToken &&
    (tokens.expiresAtSeconds ?? Number.POSITIVE_INFINITY) > remote.options.now()
  );
}

function userToken(session: SignedIn, { accessToken, tokenType }: ScopedAccessToken): UserToken {
  return { accessToken, tokenType, dPoPKey: session.tokens()?.dPoPKey, session };
}

/** The provider will not renew: as `onInvalidGrant` says. */
async function rejected(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  want: Wanted,
  { rejected: message }: Rejected,
): Promise<UserToken> {
  if (remote.options.refresh.onInvalidGrant === "signOut") {
    await remote.session.endVersion(exchange, session);
  } else {
    const old = alive(remote, session, want);
    if (old !== undefined) return userToken(session, old);
  }
  throw new TokenError("ERR_OIDC_REFRESH_REJECTED", message);
}

/** Nothing to refresh with: what is at hand serves to its end. */
function lastResort(remote: Remote, session: SignedIn, want: Wanted): UserToken {
  const old = alive(remote, session, want);
  if (old !== undefined) return userToken(session, old);
  const { savedTokens } = remote.options;
  if (!savedTokens.includes("access_token") && !savedTokens.includes("refresh_token")) {
    throw new TokenError(
      "ERR_OIDC_TOKEN_NOT_SAVED",
      "An access token is asked for, and none is kept: set saveTokens to true, and sign in again.",
    );
  }
  throw new TokenError(
    "ERR_OIDC_NO_REFRESH_TOKEN",
    savedTokens.includes("refresh_token")
      ? 'The access token has ended (or is for another resource), and the provider gave no refresh token: add "offline_access" to scope and allow it at the provider, then sign in again.'
      : 'The access token has ended, and saveTokens does not keep the refresh token: add "refresh_token" to it, then sign in again.',
  );
}
