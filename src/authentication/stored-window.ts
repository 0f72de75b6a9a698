import type { Ticket } from "../model.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import type { SignedIn, TicketChange } from "./session-scheme.js";

/** When sessions in a store end: idle ones by the store's own clock, all of them by the end in their ticket. */
export interface StoredWindow {
  /** How long the store keeps it from now on, in seconds. */
  remaining(ticket: Ticket): number;
  /** With the end that this request gives it. */
  seenNow(session: SignedIn): SignedIn;
  /** The end that a change gives is fixed: no request moves it, and it is never later than the absolute one. */
  changed(ticket: Ticket, change: TicketChange): Ticket;
}

export function createStoredWindow(options: ResolvedSessionOptions, now: () => number): StoredWindow {
  const remaining = (ticket: Ticket): number => {
    const whole = (ticket.absoluteExpiresAtSeconds ?? Number.POSITIVE_INFINITY) - now();
    return hasFixedEnd(ticket) ? whole : Math.min(options.expireTimeSpanSeconds, whole);
  };

  return {
    remaining,

    seenNow: ({ ticket, user, tokens }) => ({
      ticket: { ...ticket, expiresAtSeconds: now() + remaining(ticket) },
      user,
      tokens,
    }),

    changed(ticket, { ticket: content = {}, isRenewed = false }) {
      const { expiresAtSeconds: wanted, ...rest } = content;
      const next: Ticket = { ...ticket, ...rest, version: ticket.version + 1 };
      const time = Math.floor(now());
      const begin = isRenewed ? time : ticket.issuedAtSeconds;
      const again =
        isRenewed && hasFixedEnd(ticket) ? time + ticket.expiresAtSeconds - ticket.issuedAtSeconds : undefined;
      const end = wanted ?? again;
      if (end === undefined) return next;
      const { absoluteLifetimeSeconds: longest = Number.POSITIVE_INFINITY } = options;
      const fixed = Math.min(end, ticket.signedInAtSeconds + longest);
      return { ...next, issuedAtSeconds: begin, expiresAtSeconds: fixed, absoluteExpiresAtSeconds: fixed };
    },
  };
}

/** No request moves it: the app said when, or sessions do not slide. */
export function hasFixedEnd(ticket: Ticket): boolean {
  return ticket.expiresAtSeconds === ticket.absoluteExpiresAtSeconds;
}
