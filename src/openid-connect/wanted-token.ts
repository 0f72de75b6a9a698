import type { SignedIn } from "../authentication/session-scheme.js";
import type { SavedTokens, ScopedAccessToken } from "../model.js";
import type { AccessTokenOptions } from "../options/refresh-options.js";
import type { RefreshedTokens } from "../protocol/refresh.js";
import { renewAtSeconds } from "../protocol/token-lifetime.js";
import type { Remote } from "./remote.js";

/** Access tokens for further resources and scopes that one session keeps; beyond it the oldest is asked for anew. */
const MOST_KEPT = 10;

/** Which of a session's access tokens is meant. */
export interface Wanted {
  /** "" is the token of the sign-in. */
  readonly name: string;
  readonly resource: string | undefined;
  readonly scope: string | undefined;
}

export function wanted(remote: Remote, { resource, scope }: AccessTokenOptions): Wanted {
  const text = typeof scope === "string" ? scope : scope?.join(" ");
  const all = remote.options.scope.join(" ");
  const isOwn = resource === undefined && (text === undefined || text === all);
  return { name: isOwn ? "" : JSON.stringify([resource ?? "", text ?? ""]), resource, scope: text };
}

/** That token, as the session has it. */
export function held(tokens: SavedTokens | undefined, name: string): ScopedAccessToken | undefined {
  if (name !== "") {
    const all = tokens?.accessTokens ?? {};
    return Object.hasOwn(all, name) ? all[name] : undefined;
  }
  if (tokens?.accessToken === undefined) return undefined;
  return {
    accessToken: tokens.accessToken,
    tokenType: tokens.tokenType ?? "bearer",
    expiresAtSeconds: tokens.accessTokenExpiresAtSeconds,
    lifetimeSeconds: tokens.accessTokenLifetimeSeconds,
  };
}

/** That token, unless it is time to renew it. */
export function usable(remote: Remote, session: SignedIn, { name }: Wanted): ScopedAccessToken | undefined {
  const { now, refresh } = remote.options;
  const found = held(session.tokens(), name);
  return found === undefined || renewAtSeconds(found, refresh.beforeSeconds) <= now() ? undefined : found;
}

/** That token, while it lives. */
export function alive(remote: Remote, session: SignedIn, { name }: Wanted): ScopedAccessToken | undefined {
  const found = held(session.tokens(), name);
  return (found?.expiresAtSeconds ?? Number.POSITIVE_INFINITY) <= remote.options.now() ? undefined : found;
}

/** What a session keeps once a refresh for `name` has come to `fresh`. */
export function withRefreshed(
  before: SavedTokens,
  name: string,
  fresh: RefreshedTokens,
  nowSeconds: number,
): SavedTokens {
  const { accessToken, tokenType, expiresAtSeconds, lifetimeSeconds } = fresh;
  const own =
    name === ""
      ? {
          accessToken,
          tokenType,
          accessTokenExpiresAtSeconds: expiresAtSeconds,
          accessTokenLifetimeSeconds: lifetimeSeconds,
        }
      : {
          accessTokens: Object.fromEntries([
            ...Object.entries(before.accessTokens ?? {})
              .filter(([other, kept]) => other !== name && (kept.expiresAtSeconds ?? nowSeconds + 1) > nowSeconds)
              .slice(1 - MOST_KEPT),
            [name, { accessToken, tokenType, expiresAtSeconds, lifetimeSeconds }],
          ]),
        };
  return {
    ...before,
    ...own,
    ...(fresh.refreshToken !== undefined && { refreshToken: fresh.refreshToken }),
    ...(fresh.idToken !== undefined && before.idToken !== undefined && { idToken: fresh.idToken }),
  };
}
