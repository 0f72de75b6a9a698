import type { Ticket } from "../model.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { ExpiringMap } from "../session/expiring-map.js";
import { createKeyRing } from "../session/key-ring.js";
import { createMountedStore } from "../session/mounted-store.js";
import { NewestTickets } from "../session/newest-tickets.js";
import { createRevocations, type Revocation } from "../session/revocations.js";
import { createSharedRevocations } from "../session/shared-revocations.js";
import { createTurns } from "../session/turns.js";
import type { User } from "../user.js";
import type { Exchange } from "./exchange.js";
import { createSealedSessions, type SealedSession } from "./sealed-sessions.js";
import { checkSliding } from "./session-events.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";
import { afterRevocation, beginTicket, changedTicket, lastsUntil, needsRenewal, slide } from "./session-window.js";

/** 30 days. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;

/** Sessions whose refresh token was refused; beyond it the oldest is forgotten, and refused again. */
const MOST_DEAD_VERSIONS = 10_000;

/**
 * Sessions in the app's own express-session: a sealed ticket under one key of `req.session`. The id is made anew at
 * sign-in (against fixation) and at sign-out; store, cookie and idle time are the app's.
 *
 * express-session writes back at the end of a request what it read at its beginning, so what other requests did
 * meanwhile is remembered here too.
 */
export function createMountedSessionScheme(
  options: ResolvedSessionOptions,
  secrets: readonly string[],
  now: () => number,
  createUser: (ticket: Ticket) => User,
): SessionScheme {
  const sessions = createSealedSessions(createKeyRing(secrets), "stored-ticket", createUser);
  const mounted = createMountedStore(options.storeTimeoutSeconds);
  const revocations = createRevocations(now);
  const shared =
    options.revocations === undefined
      ? undefined
      : createSharedRevocations(options.revocations, options.storeTimeoutSeconds, now);
  const deadVersions = new ExpiringMap<number>(MOST_DEAD_VERSIONS, now);
  const newest = new NewestTickets<SealedSession>(now);
  const inTurn = createTurns();

  const open = (sealed: string | undefined): SealedSession | undefined =>
    sealed === undefined ? undefined : sessions.open(sealed);

  const current = ({
    req,
  }: Exchange): { readonly shown: SealedSession; readonly session: SealedSession } | undefined => {
    const shown = open(mounted.read(req));
    if (shown === undefined) return undefined;
    const session = newest.latest(shown);
    if (session.ticket.expiresAtSeconds <= now() || revocations.isRevoked(session.ticket)) {
      mounted.remove(req);
      return undefined;
    }
    const isDead = (deadVersions.get(session.ticket.sessionId) ?? 0) >= session.ticket.version;
    return isDead ? undefined : { shown, session };
  };

  const recognise = (exchange: Exchange): SignedIn | undefined => {
    const found = current(exchange);
    if (found === undefined) return undefined;
    const { shown, session } = found;
    const time = now();
    const slides =
      options.slidingExpiration &&
      checkSliding(options.events, exchange, session.ticket, time, needsRenewal(session.ticket, time));
    if (slides || session.keyIndex > 0) {
      const renewed = sessions.seal(slides ? slide(session.ticket, time) : session.ticket, session.tokens());
      newest.renewed(renewed, lastsUntil(renewed.ticket));
      mounted.put(exchange.req, renewed.sealed);
      return renewed;
    }
    if (session === shown) newest.shown(session);
    else mounted.put(exchange.req, session.sealed);
    return session;
  };

  const revoke = async (revocation: Revocation, expiresAtSeconds: number): Promise<void> => {
    revocations.add(revocation, expiresAtSeconds);
    await shared?.add(revocation, expiresAtSeconds);
  };

  return {
    authenticate(exchange) {
      const found = shared === undefined ? undefined : current(exchange);
      if (shared === undefined || found === undefined) return recognise(exchange);
      const { ticket } = found.session;
      return shared.isRevoked(ticket).then((isRevoked) => {
        if (isRevoked) revocations.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
        return recognise(exchange);
      });
    },

    async signIn(exchange, draft, tokens) {
      const replaced = current(exchange)?.session.ticket;
      const begun = beginTicket(options, draft, now());
      const ends = [revocations.endedBefore(begun), await shared?.endedBefore(begun)];
      await mounted.regenerate(exchange.req);
      const session = sessions.seal(ends.reduce<Ticket>(afterRevocation, begun), tokens);
      mounted.put(exchange.req, session.sealed);
      await mounted.save(exchange.req);
      if (replaced !== undefined) await revoke({ sessionId: replaced.sessionId }, lastsUntil(replaced));
      return session;
    },

    async signOut(exchange) {
      const session = current(exchange)?.session;
      if (session === undefined) return;
      const { ticket } = session;
      // Known here at once, whatever the store does.
      revocations.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
      newest.forget(session);
      await mounted.regenerate(exchange.req);
      await shared?.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
    },

    update(exchange, before, change) {
      return inTurn(before.ticket.sessionId, async () => {
        const stored = open(await mounted.readStored(exchange.req));
        const isSame = stored?.ticket.sessionId === before.ticket.sessionId;
        const isAhead = isSame && stored.ticket.version > before.ticket.version;
        const known = newest.latest(isAhead ? stored : (before as SealedSession));
        const ticket = changedTicket(known.ticket, change, now());
        const session = sessions.seal(ticket, change.tokens ?? known.tokens());
        // Signed out meanwhile: to save would bring it back, so what was done stays with this request.
        if (!isSame || revocations.isRevoked(ticket)) return session;
        newest.updated(session, lastsUntil(ticket));
        mounted.put(exchange.req, session.sealed);
        await mounted.save(exchange.req);
        return session;
      });
    },

    newest: (known) => newest.latest(known as SealedSession),

    endVersion(_exchange, { ticket }) {
      // Not removed: another node's refresh, with a newer version, may be under way.
      deadVersions.set(ticket.sessionId, ticket.version, lastsUntil(ticket));
    },

    revoke(revocation) {
      return revoke(revocation, now() + Math.max(2 * options.expireTimeSpanSeconds, LONGEST_REVOCATION_SECONDS));
    },

    cookieName: () => undefined,
  };
}
