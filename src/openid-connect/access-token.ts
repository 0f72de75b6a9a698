import { createHash } from "node:crypto";
import type { Exchange } from "../authentication/exchange.js";
import type { UserToken } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { ProviderError, TokenError } from "../errors.js";
import type { SavedTokens } from "../model.js";
import type { AccessTokenOptions } from "../options/refresh-options.js";
import { type RefreshedTokens, refreshTokens } from "../protocol/refresh.js";
import type { Remote } from "./remote.js";

/** Results are there for stragglers this long; a coordinator may keep them longer. */
const GRACE_SECONDS = 60;

/** Rounds in which another resource's refresh may come first. */
const MOST_ROUNDS = 5;

/** What a refresh came to, as it is told to whoever asked for the same: sealed, for it may pass through a store. */
type Outcome = { readonly tokens: RefreshedTokens } | { readonly rejected: string };

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
  const unwanted = options.forceRefresh === true ? (refused ?? held(current.tokens(), want)?.accessToken) : undefined;
  let session = current;
  const first = usable(remote, session, want, unwanted);
  if (first !== undefined) return first;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    session = await remote.session.newest(session);
    const good = usable(remote, session, want, unwanted);
    if (good !== undefined) return good;
    const refreshToken = session.tokens()?.refreshToken;
    if (refreshToken === undefined) return lastResort(remote, session, want);
    const outcome = await refreshOnce(remote, exchange, session, refreshToken, want).catch((error: unknown) => {
      const alive = stillAlive(remote, session, want);
      // The provider is away: the old token serves while it lives.
      if (alive === undefined || !(error instanceof ProviderError)) throw error;
      return alive;
    });
    if ("accessToken" in outcome) return outcome;
    session = await applied(remote, exchange, session, refreshToken, want, outcome);
  }
  throw new ProviderError("ERR_OIDC_PROVIDER_RESPONSE", "The provider issues access tokens that have ended already.");
}

interface Wanted {
  /** "" is the token of the sign-in. */
  readonly name: string;
  readonly resource: string | undefined;
  readonly scope: string | undefined;
}

function wanted(remote: Remote, { resource, scope }: AccessTokenOptions): Wanted {
  const text = typeof scope === "string" ? scope : scope?.join(" ");
  const all = remote.options.scope.join(" ");
  const isOwn = resource === undefined && (text === undefined || text === all);
  return { name: isOwn ? "" : JSON.stringify([resource ?? "", text ?? ""]), resource, scope: text };
}

interface Held {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly expiresAtSeconds: number | undefined;
}

function held(tokens: SavedTokens | undefined, { name }: Wanted): Held | undefined {
  if (name !== "") {
    const found = Object.hasOwn(tokens?.accessTokens ?? {}, name) ? tokens?.accessTokens?.[name] : undefined;
    return found === undefined ? undefined : { expiresAtSeconds: undefined, ...found };
  }
  if (tokens?.accessToken === undefined) return undefined;
  return {
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType ?? "bearer",
    expiresAtSeconds: tokens.accessTokenExpiresAtSeconds,
  };
}

function usable(remote: Remote, session: SignedIn, want: Wanted, unwanted: string | undefined): UserToken | undefined {
  const tokens = session.tokens();
  const found = held(tokens, want);
  if (found === undefined || found.accessToken === unwanted) return undefined;
  const { expiresAtSeconds: end = Number.POSITIVE_INFINITY } = found;
  if (end - remote.options.refresh.beforeSeconds <= remote.options.now()) return undefined;
  return { accessToken: found.accessToken, tokenType: found.tokenType, dPoPKey: tokens?.dPoPKey, session };
}

function stillAlive(remote: Remote, session: SignedIn, want: Wanted): UserToken | undefined {
  const tokens = session.tokens();
  const found = held(tokens, want);
  if (found === undefined || (found.expiresAtSeconds ?? Number.POSITIVE_INFINITY) <= remote.options.now()) {
    return undefined;
  }
  return { accessToken: found.accessToken, tokenType: found.tokenType, dPoPKey: tokens?.dPoPKey, session };
}

/** Nothing to refresh with: what is at hand serves to its end. */
function lastResort(remote: Remote, session: SignedIn, want: Wanted): UserToken {
  const alive = stillAlive(remote, session, want);
  if (alive !== undefined) return alive;
  const { savedTokens } = remote.options;
  if (!savedTokens.includes("access_token") && !savedTokens.includes("refresh_token")) {
    throw new TokenError(
      "ERR_OIDC_TOKEN_NOT_SAVED",
      "An access token is asked for, and none is kept: set saveTokens to true, and sign in again.",
    );
  }
  throw new TokenError(
    "ERR_OIDC_NO_REFRESH_TOKEN",
    remote.options.savedTokens.includes("refresh_token")
      ? 'The access token has ended (or is for another resource), and the provider gave no refresh token: add "offline_access" to scope and allow it at the provider, then sign in again.'
      : 'The access token has ended, and saveTokens does not keep the refresh token: add "refresh_token" to it, then sign in again.',
  );
}

/** Runs one refresh for a refresh token, whoever asks; the session has its result before anyone goes on. */
async function refreshOnce(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  refreshToken: string,
  want: Wanted,
): Promise<Outcome> {
  // The version too: a provider may keep its refresh tokens, and the next refresh is another one all the same.
  const { sessionId, version } = session.ticket;
  const key = createHash("sha256").update(`${sessionId} ${version} ${refreshToken}`).digest("base64url");
  const sealed = await remote.coordinator.once(key, GRACE_SECONDS, async () => {
    const outcome = await refresh(remote, session, refreshToken, want);
    if ("tokens" in outcome) await store(remote, exchange, session, refreshToken, want, outcome.tokens);
    return remote.keys.seal("refresh-result", Buffer.from(JSON.stringify({ ...outcome, name: want.name })), key);
  });
  const opened = remote.keys.open("refresh-result", sealed, key);
  if (opened === undefined) {
    throw new ProviderError(
      "ERR_OIDC_PROVIDER_RESPONSE",
      "The refresh coordinator answered with what this app did not seal. All nodes need the same secrets.",
    );
  }
  return JSON.parse(opened.plaintext.toString("utf8")) as Outcome;
}

async function refresh(remote: Remote, session: SignedIn, refreshToken: string, want: Wanted): Promise<Outcome> {
  const { evidence } = session.ticket;
  if (evidence === undefined) return { rejected: "the session was not begun by a provider" };
  try {
    const { resource, scope } = want;
    const dPoPKey = session.tokens()?.dPoPKey;
    const tokens = await refreshTokens(remote.provider, { refreshToken, resource, scope, evidence, dPoPKey });
    return { tokens };
  } catch (error) {
    // A refusal is final, and told to all; anything else may be tried again.
    if (error instanceof TokenError) return { rejected: error.message };
    throw error;
  }
}

/** The outcome as the session has it; of a refusal, what the options say. */
async function applied(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  refreshToken: string,
  want: Wanted,
  outcome: Outcome & { readonly name?: string },
): Promise<SignedIn> {
  const newest = await remote.session.newest(session);
  if (newest.tokens()?.refreshToken !== refreshToken) return newest;
  if ("rejected" in outcome) {
    if (remote.options.refresh.onInvalidGrant === "signOut") await remote.session.endVersion(exchange, newest);
    throw new TokenError("ERR_OIDC_REFRESH_REJECTED", outcome.rejected);
  }
  // Another node's refresh, of which this one's sessions do not know; or a provider that keeps its refresh tokens.
  if (outcome.name !== undefined && outcome.name !== want.name) {
    return store(remote, exchange, newest, refreshToken, { ...want, name: outcome.name }, outcome.tokens);
  }
  const isHere = held(newest.tokens(), want)?.accessToken === outcome.tokens.accessToken;
  return isHere ? newest : store(remote, exchange, newest, refreshToken, want, outcome.tokens);
}

async function store(
  remote: Remote,
  exchange: Exchange,
  session: SignedIn,
  refreshToken: string,
  want: Wanted,
  fresh: RefreshedTokens,
): Promise<SignedIn> {
  const newest = await remote.session.newest(session);
  const before = newest.tokens() ?? {};
  const { accessToken, tokenType, expiresAtSeconds } = fresh;
  const own =
    want.name === ""
      ? { accessToken, tokenType, accessTokenExpiresAtSeconds: expiresAtSeconds }
      : { accessTokens: { ...before.accessTokens, [want.name]: { accessToken, tokenType, expiresAtSeconds } } };
  const tokens: SavedTokens = {
    ...before,
    ...own,
    refreshToken: fresh.refreshToken ?? refreshToken,
    ...(fresh.idToken !== undefined && before.idToken !== undefined && { idToken: fresh.idToken }),
  };
  return remote.session.update(exchange, newest, { tokens });
}
