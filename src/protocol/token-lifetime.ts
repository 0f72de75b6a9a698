import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";

/** When an access token ends; without `expires_in` nothing is known, and it counts as long-lived. */
export interface TokenLifetime {
  readonly expiresAtSeconds?: number | undefined;
  /** Told where it is no longer than `refresh.before`: such a token would be renewed as soon as it came. */
  readonly lifetimeSeconds?: number | undefined;
}

/** The end of the year 9999: a number of seconds may be any, a date in text may not. */
const LATEST_SECONDS = 253_402_300_799;

export function tokenLifetime(
  { now, refresh }: Pick<ResolvedOpenIdConnectOptions, "now" | "refresh">,
  expiresIn: number | undefined,
): TokenLifetime {
  if (expiresIn === undefined) return {};
  const expiresAtSeconds = Math.min(Math.floor(now() + expiresIn), LATEST_SECONDS);
  return expiresIn > refresh.beforeSeconds ? { expiresAtSeconds } : { expiresAtSeconds, lifetimeSeconds: expiresIn };
}

/** From when on a token is renewed: `before` seconds early, or at half of a life that is shorter than that. */
export function renewAtSeconds({ expiresAtSeconds, lifetimeSeconds }: TokenLifetime, beforeSeconds: number): number {
  if (expiresAtSeconds === undefined) return Number.POSITIVE_INFINITY;
  const isShort = lifetimeSeconds !== undefined && lifetimeSeconds <= beforeSeconds;
  return expiresAtSeconds - (isShort ? lifetimeSeconds / 2 : beforeSeconds);
}
