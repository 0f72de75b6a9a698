import { randomBytes } from "node:crypto";
import type { Ticket } from "../model.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import type { TicketChange, TicketDraft } from "./session-scheme.js";

/** The ticket of a sign-in: a new id, and a window that begins now. */
export function beginTicket(options: ResolvedSessionOptions, draft: TicketDraft, nowSeconds: number): Ticket {
  const time = Math.floor(nowSeconds);
  const absolute = options.absoluteLifetimeSeconds === undefined ? undefined : time + options.absoluteLifetimeSeconds;
  const wanted = draft.expiresAtSeconds ?? time + options.expireTimeSpanSeconds;
  const { isPersistent, expiresAtSeconds: _, ...rest } = draft;
  return {
    ...rest,
    sessionId: randomBytes(16).toString("base64url"),
    version: 1,
    signedInAtSeconds: Math.min(draft.signedInAtSeconds ?? time, time),
    issuedAtSeconds: time,
    expiresAtSeconds: Math.min(wanted, absolute ?? wanted),
    absoluteExpiresAtSeconds: absolute,
    isPersistent: isPersistent ?? options.persistent,
  };
}

/** A new version with new content. No end is later than the absolute one. */
export function changedTicket(ticket: Ticket, change: TicketChange, nowSeconds: number): Ticket {
  const changed: Ticket = { ...ticket, ...change.ticket, version: ticket.version + 1 };
  if (change.isRenewed === true) return slide(changed, nowSeconds);
  const { expiresAtSeconds, absoluteExpiresAtSeconds: absolute = expiresAtSeconds } = changed;
  return { ...changed, expiresAtSeconds: Math.min(expiresAtSeconds, absolute) };
}

/**
 * A sign-in that comes after the end of all of a user's sessions begins after it, also where clocks differ or both fall
 * into one second: otherwise it would be over at once, and the user asked again for ever.
 */
export function afterRevocation(ticket: Ticket, endedBeforeSeconds: number | undefined): Ticket {
  if (endedBeforeSeconds === undefined || endedBeforeSeconds < ticket.signedInAtSeconds) return ticket;
  return { ...ticket, signedInAtSeconds: Math.floor(endedBeforeSeconds) + 1 };
}

/** Past half of the window. */
export function needsRenewal(ticket: Ticket, time: number): boolean {
  if (ticket.expiresAtSeconds === ticket.absoluteExpiresAtSeconds) return false;
  return time - ticket.issuedAtSeconds > ticket.expiresAtSeconds - time;
}

/** The window starts anew; id and version stay, for nothing but time has changed. */
export function slide(ticket: Ticket, time: number): Ticket {
  const start = Math.floor(time);
  const end = start + (ticket.expiresAtSeconds - ticket.issuedAtSeconds);
  return {
    ...ticket,
    issuedAtSeconds: start,
    expiresAtSeconds: Math.min(end, ticket.absoluteExpiresAtSeconds ?? end),
  };
}

/** The latest moment at which a copy of this session's cookie, renewed meanwhile, could still be good. */
export function lastsUntil(ticket: Ticket): number {
  return ticket.expiresAtSeconds + (ticket.expiresAtSeconds - ticket.issuedAtSeconds);
}
