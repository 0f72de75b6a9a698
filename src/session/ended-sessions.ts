import { ExpiringMap } from "./expiring-map.js";

/** Sessions that were signed out of in this process, so that a copy of their cookie is refused here. */
export interface EndedSessions {
  /** `expiresAtSeconds`: from then on every copy is dead by itself. */
  end(sessionId: string, expiresAtSeconds: number): void;
  /** One look-up, for every request of a signed-in user asks. */
  has(sessionId: string): boolean;
}

/** Sessions, about 20 MB when full; beyond it the one that was ended first is forgotten. */
const LIMIT = 100_000;

/** `now`: seconds since the epoch. Holds 100,000 at most. */
export function createEndedSessions(now: () => number): EndedSessions {
  const ended = new ExpiringMap<true>(LIMIT, now);
  return {
    end: (sessionId, expiresAtSeconds) => ended.set(sessionId, true, expiresAtSeconds),
    has: (sessionId) => ended.size > 0 && ended.has(sessionId),
  };
}
