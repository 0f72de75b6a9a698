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
  /** Of `subject`: sessions that began later stay. Seconds since the epoch. @defaultValue now */
  readonly beforeSeconds?: number | undefined;
}

/** What has ended by other means than its own expiry, as this process knows it. */
export interface Revocations {
  /** `expiresAtSeconds`: from then on every copy is dead by itself. */
  add(revocation: Revocation, expiresAtSeconds: number): void;
  isRevoked(ticket: Ticket): boolean;
  /** The time up to which the sessions of this user have ended; `undefined` where none have. */
  endedBefore(ticket: Ticket): number | undefined;
}

/** Entries of each kind, about 20 MB each when full; beyond it the oldest is forgotten. */
const LIMIT = 100_000;

/** `now`: seconds since the epoch. A look-up costs nothing while nothing was revoked. */
export function createRevocations(now: () => number): Revocations {
  const sessions = new ExpiringMap<true>(LIMIT, now);
  const providerSessions = new ExpiringMap<true>(LIMIT, now);
  const subjects = new ExpiringMap<number>(LIMIT, now);
  return {
    add({ sessionId, issuer, providerSessionId, subject, beforeSeconds = now() }, expiresAtSeconds) {
      if (sessionId !== undefined) sessions.set(sessionId, true, expiresAtSeconds);
      if (providerSessionId !== undefined) {
        providerSessions.set(revocationKey(issuer, providerSessionId), true, expiresAtSeconds);
      }
      if (subject === undefined) return;
      const key = revocationKey(issuer, subject);
      subjects.set(key, Math.max(beforeSeconds, subjects.get(key) ?? 0), expiresAtSeconds);
    },
    isRevoked(ticket) {
      if (sessions.size > 0 && sessions.has(ticket.sessionId)) return true;
      if (providerSessions.size === 0 && subjects.size === 0) return false;
      const { evidence } = ticket;
      const sid = evidence?.providerSessionId;
      if (sid !== undefined && providerSessions.has(revocationKey(evidence?.issuer, sid))) return true;
      const before = subjects.get(revocationKey(evidence?.issuer, subjectOf(ticket)));
      return before !== undefined && ticket.signedInAtSeconds <= before;
    },
    endedBefore: (ticket) => subjects.get(revocationKey(ticket.evidence?.issuer, subjectOf(ticket))),
  };
}

/** The user as the provider names them; of one whom the app signed in, as the app does. */
export function subjectOf({ evidence, claims }: Ticket): string {
  return evidence?.subject ?? String(claims["sub"]);
}

/** An issuer is a URL and holds no blank. */
export function revocationKey(issuer: string | undefined, name: string): string {
  return `${issuer ?? ""} ${name}`;
}
