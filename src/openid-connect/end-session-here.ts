import type { Exchange } from "../authentication/exchange.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { OpenIdConnectError } from "../errors.js";
import type { SavedTokens } from "../model.js";
import { revokeRefreshToken } from "../protocol/token-revocation.js";
import { clearCorrelationCookies, type Remote } from "./remote.js";
import { refreshKeyOfSession } from "./token-refresh.js";

/** A session that has ended here. */
export interface EndedSession {
  /** What it had kept, in its newest version. */
  readonly tokens: SavedTokens | undefined;
  /** Done when its refresh token is revoked, or when that failed or took too long. Never rejects. */
  readonly revoked: Promise<void>;
}

/** The session is gone before anything that can fail; what the provider is told comes after. */
export async function endSessionHere(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn | undefined,
): Promise<EndedSession> {
  const tokens = await newestTokens(remote, current);
  await remote.session.signOut(exchange);
  clearCorrelationCookies(remote, exchange);
  return { tokens, revoked: revokeTokens(remote, current, tokens) };
}

/** The request may have come with an older cookie, and a refresh token that was exchanged since. */
export async function newestTokens(remote: Remote, current: SignedIn | undefined): Promise<SavedTokens | undefined> {
  if (current === undefined) return undefined;
  try {
    return (await remote.session.newest(current)).tokens();
  } catch {
    return current.tokens();
  }
}

/** Results of refreshes are there for stragglers; of a session that ended there are none. Nobody waits for it. */
function forgetRefreshes({ coordinator, options, name }: Remote, { ticket }: SignedIn): void {
  const forgotten = async () => coordinator.forget?.(refreshKeyOfSession(ticket.sessionId));
  forgotten().catch(() => {
    options.logger?.warn?.(
      { event: "refresh_results_kept", scheme: name },
      "Sealed results of refreshes could not be dropped at sign-out, and stay until their time is over.",
    );
  });
}

/** A refresh token that nobody needs any more is good for a thief alone (RFC 7009). Failing never blocks a sign-out. */
export async function revokeTokens(
  remote: Remote,
  current: SignedIn | undefined,
  tokens: SavedTokens | undefined,
): Promise<void> {
  const { options, provider, name } = remote;
  if (current !== undefined) forgetRefreshes(remote, current);
  const refreshToken = tokens?.refreshToken;
  // Another scheme's token is nothing that this provider may see.
  if (!options.revokeOnSignOut || refreshToken === undefined || current?.ticket.scheme !== name) return;
  try {
    await revokeRefreshToken(provider, refreshToken);
  } catch (error) {
    const { code, message } =
      error instanceof OpenIdConnectError ? error : { code: undefined, message: "The request failed." };
    options.logger?.warn?.(
      { event: "revocation_failed", scheme: name, code },
      `A refresh token could not be revoked at sign-out, and lives until it expires. ${message}`,
    );
  }
}
