import type { Exchange } from "../authentication/exchange.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { TokenError } from "../errors.js";
import type { Claims } from "../model.js";
import type { TokenRefreshedContext, TokenRefreshFailedContext, TokenRefreshingContext } from "../options/events.js";
import type { RefreshedTokens } from "../protocol/refresh.js";
import { FailedByEvent, Interruption, raise } from "./event-runner.js";
import { eventBase, type Remote } from "./remote.js";
import type { Wanted } from "./wanted-token.js";

/** `onTokenRefreshing` held a refresh back: the old token serves while it lives. */
export class HeldBack extends TokenError {
  constructor() {
    super(
      "ERR_OIDC_REFRESH_FAILED",
      "The access token has ended, and onTokenRefreshing held back its renewal: let it pass, or sign in again.",
    );
  }
}

/**
 * Tokens that the app has got itself; `undefined`: ask the provider.
 *
 * @throws HeldBack after `skip()`; TokenError `ERR_OIDC_REFRESH_FAILED` after `fail(error)`
 */
export async function raiseRefreshing(
  remote: Remote,
  exchange: Exchange,
  { ticket: { claims } }: SignedIn,
  want: Wanted,
): Promise<RefreshedTokens | undefined> {
  const handler = remote.options.events.onTokenRefreshing;
  if (handler === undefined) return undefined;
  const given = { ...base(remote, exchange, want), claims, tokens: undefined };
  const { tokens } = await raise<TokenRefreshingContext>(handler, given, ["skip", "fail"]).catch((thrown: unknown) => {
    if (thrown instanceof Interruption) throw new HeldBack();
    if (!(thrown instanceof FailedByEvent)) throw thrown;
    throw new TokenError("ERR_OIDC_REFRESH_FAILED", "onTokenRefreshing failed the renewal: see the cause.", {
      cause: thrown.error,
    });
  });
  if (tokens === undefined) return undefined;
  const { accessToken, tokenType = "bearer", expiresAtSeconds, refreshToken } = tokens;
  if (typeof accessToken !== "string" || accessToken === "") {
    throw new Error("onTokenRefreshing set ctx.tokens without an accessToken.");
  }
  if (expiresAtSeconds !== undefined && !isTime(expiresAtSeconds)) {
    throw new Error("onTokenRefreshing set ctx.tokens with an expiresAtSeconds that is no time in seconds.");
  }
  return { accessToken, tokenType, expiresAtSeconds, refreshToken };
}

/** The user's claims, where the app has changed them. */
export async function raiseRefreshed(
  remote: Remote,
  exchange: Exchange,
  { ticket: { claims } }: SignedIn,
  want: Wanted,
  { accessToken, tokenType, expiresAtSeconds, refreshToken }: RefreshedTokens,
  idTokenClaims: Claims | undefined,
): Promise<Claims | undefined> {
  const handler = remote.options.events.onTokenRefreshed;
  if (handler === undefined) return undefined;
  const context = await raise<TokenRefreshedContext>(
    handler,
    {
      ...base(remote, exchange, want),
      tokens: { accessToken, tokenType, expiresAtSeconds, refreshToken },
      idTokenClaims,
      // A copy: those of the session are shared by its requests.
      claims: { ...claims },
    },
    [],
  );
  if (JSON.stringify(context.claims) === JSON.stringify(claims)) return undefined;
  if (context.claims?.["sub"] === claims["sub"]) return context.claims;
  throw new Error(
    "onTokenRefreshed replaced ctx.claims with those of another sub: a refresh does not change the user.",
  );
}

/** What a handler throws here must not hide what went wrong. */
export async function raiseRefreshFailed(
  remote: Remote,
  exchange: Exchange,
  { ticket: { claims } }: SignedIn,
  want: Wanted,
  error: Error,
): Promise<void> {
  const { events, refresh, logger } = remote.options;
  const endsSession = error instanceof TokenError && refresh.onInvalidGrant === "signOut";
  try {
    const given = { ...base(remote, exchange, want), claims, error, endsSession };
    await raise<TokenRefreshFailedContext>(events.onTokenRefreshFailed, given, []);
  } catch (thrown) {
    logger?.error?.(
      { event: "event_handler_failed", scheme: remote.name, handler: "onTokenRefreshFailed", error: nameOf(thrown) },
      "onTokenRefreshFailed threw; the refresh had failed before.",
    );
  }
}

function isTime(seconds: unknown): boolean {
  return typeof seconds === "number" && !Number.isNaN(new Date(seconds * 1000).getTime());
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

function base(remote: Remote, exchange: Exchange, { resource, scope }: Wanted) {
  return { ...eventBase(remote, exchange), resource, scope };
}
