import type { Ticket } from "../model.js";
import { ExpiringMap } from "./expiring-map.js";

/** What a session is and, since cookies stay behind, what it has become. */
interface Versioned {
  readonly ticket: Ticket;
}

/** Sessions of which a newer version is remembered, a few kB each. */
const LIMIT = 10_000;

/** Requests that left the browser before it had the new cookie still come with the old one. */
const GRACE_SECONDS = 60;

/**
 * New content of sessions whose browsers may still show the old: a refresh in a request whose headers were gone, or in
 * one of many that ran side by side. It is remembered until the browser has it, and a little longer.
 */
export class NewestTickets<Session extends Versioned> {
  readonly #known: ExpiringMap<{ readonly session: Session; readonly isShown: boolean }>;
  readonly #now: () => number;

  /** `now`: seconds since the epoch. */
  constructor(now: () => number) {
    this.#known = new ExpiringMap(LIMIT, now);
    this.#now = now;
  }

  /** The newest version that is known here: the given one, or a later. */
  latest(session: Session): Session {
    if (this.#known.size === 0) return session;
    const known = this.#known.get(session.ticket.sessionId)?.session;
    return known !== undefined && known.ticket.version > session.ticket.version ? known : session;
  }

  updated(session: Session, expiresAtSeconds: number): void {
    this.#known.set(session.ticket.sessionId, { session, isShown: false }, expiresAtSeconds);
  }

  /** The same version in a new window. */
  renewed(session: Session, expiresAtSeconds: number): void {
    if (this.#known.size === 0) return;
    const known = this.#known.get(session.ticket.sessionId)?.session;
    if (known !== undefined && known.ticket.version === session.ticket.version) this.updated(session, expiresAtSeconds);
  }

  /** The browser has this version: from now on it is kept for stragglers alone. */
  shown(session: Session): void {
    if (this.#known.size === 0) return;
    const { sessionId, version } = session.ticket;
    const known = this.#known.get(sessionId);
    if (known === undefined || known.isShown || known.session.ticket.version !== version) return;
    this.#known.delete(sessionId);
    this.#known.set(sessionId, { session: known.session, isShown: true }, this.#now() + GRACE_SECONDS);
  }

  forget({ ticket }: Session): void {
    this.#known.delete(ticket.sessionId);
  }
}
