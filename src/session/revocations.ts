import type { Ticket } from "../model.js";
import { ExpiringMap } from "./expiring-map.js";

/** Whose sessions end: one by its id, one by the provider's `sid`, or all of a user that began before a time. */
export interface Revocation {
  readonly sessionId?: string | undefined;
  /** Of `providerSessionId` and `subject`; `undefined` stands for users whom the app itself signed in. */
  readonly issuer?: string | undefined;
  /** `sid` of the provider. */
  readonly providerSessionId?: string | undefined;
  readonly subject?: string | undefined;
  /**
   * Sessions that began later stay. Seconds since the epoch. A `providerSessionId` without it has ended for good: what is
   * still on its way from the provider is refused too.
   * @defaultValue now, of `subject`
   */
  readonly beforeSeconds?: number | undefined;
}

/** What a session at the provider is that has ended there: no sign-in of it counts any more. */
export const FOR_GOOD: number = Number.POSITIVE_INFINITY;

/**
 * What a revocation makes of the end that is known. What comes late takes nothing back. One of now also ends the sign-ins
 * since the one before: these count as begun a second after it, which may be still to come. A logout token tells whole
 * seconds, and takes its time to arrive.
 */
export function laterEnd(known: number | undefined, before: number, nowSeconds: number): number {
  if (known === undefined) return before;
  const isOfNow = before > nowSeconds - 2 && known >= Math.floor(before);
  return Math.max(before, isOfNow ? Math.floor(known) + 1 : known);
}

/** What has ended by other means than its own expiry, as this process knows it. */
export interface Revocations {
  /** `expiresAtSeconds`: from then on every copy is dead by itself. */
  add(revocation: Revocation, expiresAtSeconds: number): void;
  isRevoked(ticket: Ticket): boolean;
  /** The time up to which sessions such as this one have ended; `undefined` where none have, or all have. */
  endedBefore(ticket: Ticket): number | undefined;
}

/** Entries of each kind, about 20 MB each when full; beyond it the oldest is forgotten. */
const LIMIT = 100_000;

/** `now`: seconds since the epoch. A look-up costs nothing while nothing was revoked. */
export function createRevocations(now: () => number): Revocations {
  const sessions = new ExpiringMap<true>(LIMIT, now);
  const providerSessions = new ExpiringMap<number>(LIMIT, now);
  const subjects = new ExpiringMap<number>(LIMIT, now);

  const raise = (map: ExpiringMap<number>, key: string, before: number, expiresAtSeconds: number): void => {
    map.set(key, laterEnd(map.get(key), before, now()), expiresAtSeconds);
  };
  const endOf = ({ evidence }: Ticket): number | undefined => {
    const sid = evidence?.providerSessionId;
    return sid === undefined ? undefined : providerSessions.get(revocationKey(evidence?.issuer, sid));
  };
  const endOfUser = (ticket: Ticket) => subjects.get(revocationKey(ticket.evidence?.issuer, subjectOf(ticket)));

  return {
    add({ sessionId, issuer, providerSessionId, subject, beforeSeconds }, expiresAtSeconds) {
      if (sessionId !== undefined) sessions.set(sessionId, true, expiresAtSeconds);
      if (providerSessionId !== undefined) {
        const key = revocationKey(issuer, providerSessionId);
        raise(providerSessions, key, beforeSeconds ?? FOR_GOOD, expiresAtSeconds);
      }
      if (subject !== undefined) {
        raise(subjects, revocationKey(issuer, subject), beforeSeconds ?? now(), expiresAtSeconds);
      }
    },
    isRevoked(ticket) {
      if (sessions.size > 0 && sessions.has(ticket.sessionId)) return true;
      if (providerSessions.size > 0 && isBefore(ticket, endOf(ticket))) return true;
      return subjects.size > 0 && isBefore(ticket, endOfUser(ticket));
    },
    endedBefore(ticket) {
      const ends = [endOf(ticket), endOfUser(ticket)].filter((end) => end !== undefined && end !== FOR_GOOD);
      return ends.length === 0 ? undefined : Math.max(...(ends as number[]));
    },
  };
}

function isBefore({ signedInAtSeconds }: Ticket, end: number | undefined): boolean {
  return end !== undefined && signedInAtSeconds <= end;
}

/** The user as the provider names them; of one whom the app signed in, as the app does. */
export function subjectOf({ evidence, claims }: Ticket): string {
  return evidence?.subject ?? String(claims["sub"]);
}

/** An issuer is a URL and holds no blank. */
export function revocationKey(issuer: string | undefined, name: string): string {
  return `${issuer ?? ""} ${name}`;
}
