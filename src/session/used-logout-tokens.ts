import { createHash } from "node:crypto";
import { ExpiringMap } from "./expiring-map.js";

/** Logout tokens that have been used in this process: each counts once. */
export interface UsedLogoutTokens {
  /** Marks as used until `expiresAtSeconds`, when the token is refused for its age; false when it was used before. */
  use(id: string, expiresAtSeconds: number): boolean;
  /** The logout failed here: the provider may send the same token again. */
  release(id: string): void;
}

/** Logout tokens, about 3 MB when full; beyond it the one used first is forgotten. Only tokens that the provider signed get in. */
const LIMIT = 10_000;

/** `now`: seconds since the epoch. Holds 10,000 at most. */
export function createUsedLogoutTokens(now: () => number): UsedLogoutTokens {
  const used = new ExpiringMap<true>(LIMIT, now);
  return {
    use(id, expiresAtSeconds) {
      const key = keyOf(id);
      if (used.has(key)) return false;
      used.set(key, true, expiresAtSeconds);
      return true;
    },
    release: (id) => used.delete(keyOf(id)),
  };
}

/** An id may be of any length. */
function keyOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
