import { ConfigurationError } from "../errors.js";
import type { SavedTokens, Ticket } from "../model.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { ExpiringMap } from "../session/expiring-map.js";
import { createKeyRing } from "../session/key-ring.js";
import { NewestTickets } from "../session/newest-tickets.js";
import { sendCookies } from "../session/response-cookies.js";
import { createRevocations } from "../session/revocations.js";
import { clearSealedCookie, readSealedCookie, writeSealedCookie } from "../session/session-cookie.js";
import { createSharedRevocations } from "../session/shared-revocations.js";
import type { User } from "../user.js";
import { cookiesByPath } from "./cookies-by-path.js";
import type { Exchange } from "./exchange.js";
import { createSealedSessions, type SealedSession } from "./sealed-sessions.js";
import { checkSliding } from "./session-events.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";
import { afterRevocation, beginTicket, changedTicket, lastsUntil, needsRenewal, slide } from "./session-window.js";
import { explainSize } from "./ticket-size.js";

/** 30 days. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;

/** Sessions whose refresh token was refused; beyond it the oldest is forgotten, and refused again. */
const MOST_DEAD_VERSIONS = 10_000;

export function createCookieScheme(
  options: ResolvedSessionOptions,
  now: () => number,
  createUser: (ticket: Ticket) => User,
): SessionScheme {
  const sessions = createSealedSessions(createKeyRing(options.secrets), "ticket", createUser);
  const revocations = createRevocations(now);
  const shared =
    options.revocations === undefined
      ? undefined
      : createSharedRevocations(options.revocations, options.storeTimeoutSeconds, now);
  const deadVersions = new ExpiringMap<number>(MOST_DEAD_VERSIONS, now);
  const newest = new NewestTickets<SealedSession>(now);
  // A sign-in may set an end of its own, so the list remembers for longer than the usual session lives.
  const longest = Math.max(2 * options.expireTimeSpanSeconds, LONGEST_REVOCATION_SECONDS);
  const cookieFor = cookiesByPath(options.name, options.cookie);

  /** @throws ConfigurationError `ERR_OIDC_TICKET_TOO_LARGE` */
  const send = (exchange: Exchange, session: SealedSession): boolean => {
    const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
    const linesOf = ({ ticket, sealed }: SealedSession) => {
      const maxAge = ticket.isPersistent ? Math.max(0, Math.ceil(ticket.expiresAtSeconds - now())) : undefined;
      return writeSealedCookie(name, sealed, attributes, maxAge, exchange.req.headers.cookie);
    };
    const lines = linesOf(session);
    return sendCookies(exchange.res, "session", () => {
      // Of what happened while this request ran, the last counts: a sign-out is not undone, and new content stays.
      if (revocations.isRevoked(session.ticket)) return [];
      const latest = newest.latest(session);
      return latest === session ? lines : linesOf(latest);
    });
  };

  const renew = (exchange: Exchange, session: SealedSession, time: number, slides: boolean): void => {
    if (exchange.res.headersSent) return;
    const { ticket } = session;
    const renewed = sessions.seal(slides ? slide(ticket, time) : ticket, session.tokens());
    newest.renewed(renewed, lastsUntil(renewed.ticket));
    send(exchange, renewed);
  };

  /** What the browser shows, and what this session has become since. */
  const current = (
    exchange: Exchange,
  ): { readonly shown: SealedSession; readonly session: SealedSession } | undefined => {
    const header = exchange.req.headers.cookie;
    if (header === undefined) return undefined;
    const sealed = readSealedCookie(header, cookieFor(exchange.publicPath, exchange.isHttps).name);
    if (sealed === undefined) return undefined;
    const shown = sessions.open(sealed);
    if (shown === undefined) return undefined;
    const session = newest.latest(shown);
    if (session.ticket.expiresAtSeconds <= now()) return undefined;
    if (deadVersions.size > 0 && (deadVersions.get(session.ticket.sessionId) ?? 0) >= session.ticket.version) {
      return undefined;
    }
    return revocations.isRevoked(session.ticket) ? undefined : { shown, session };
  };

  const recognise = (
    exchange: Exchange,
    { shown, session }: { readonly shown: SealedSession; readonly session: SealedSession },
  ): SignedIn => {
    const time = now();
    const slides =
      options.slidingExpiration &&
      checkSliding(options.events, exchange, session.ticket, time, needsRenewal(session.ticket, time));
    if (session.keyIndex > 0 || slides) {
      renew(exchange, session, time, slides);
    } else if (session !== shown) {
      send(exchange, session);
    } else newest.shown(session);
    return session;
  };

  const begin = (exchange: Exchange, begun: Ticket, tokens: SavedTokens | undefined): SealedSession => {
    const replaced = current(exchange)?.session.ticket;
    const ticket = afterRevocation(begun, revocations.endedBefore(begun));
    const session = sessions.seal(ticket, tokens);
    if (!explainSize(ticket, tokens, () => send(exchange, session))) {
      throw new ConfigurationError(
        "ERR_OIDC_RESPONSE_STARTED",
        "A sign-in needs a cookie, and the response has begun already: sign in before anything is written.",
      );
    }
    if (replaced !== undefined) revocations.add({ sessionId: replaced.sessionId }, lastsUntil(replaced));
    return session;
  };

  return {
    authenticate(exchange) {
      const found = current(exchange);
      if (found === undefined) return undefined;
      if (shared === undefined) return recognise(exchange, found);
      const { ticket } = found.session;
      return shared.isRevoked(ticket).then((isRevoked) => {
        if (isRevoked) revocations.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
        // Another request may have changed or ended it meanwhile.
        const still = current(exchange);
        return still === undefined ? undefined : recognise(exchange, still);
      });
    },

    signIn(exchange, draft, tokens) {
      const begun = beginTicket(options, draft, now());
      if (shared === undefined) return begin(exchange, begun, tokens);
      const replaced = current(exchange)?.session.ticket;
      return shared.endedBefore(begun).then(async (before) => {
        const session = begin(exchange, afterRevocation(begun, before), tokens);
        if (replaced !== undefined) await shared.add({ sessionId: replaced.sessionId }, lastsUntil(replaced));
        return session;
      });
    },

    update(exchange, before, change) {
      const known = newest.latest(before as SealedSession);
      const ticket = changedTicket(known.ticket, change, now());
      const tokens = change.tokens ?? known.tokens();
      const session = sessions.seal(ticket, tokens);
      explainSize(ticket, tokens, () => send(exchange, session));
      newest.updated(session, lastsUntil(ticket));
      return session;
    },

    newest: (known) => newest.latest(known as SealedSession),

    endVersion(_exchange, { ticket }) {
      // The cookie stays: another node's answer, with a newer one, may be on its way to the same browser.
      deadVersions.set(ticket.sessionId, ticket.version, lastsUntil(ticket));
    },

    revoke(revocation) {
      revocations.add(revocation, now() + longest);
      return shared?.add(revocation, now() + longest);
    },

    cookieName: (exchange) => cookieFor(exchange.publicPath, exchange.isHttps).name,

    signOut(exchange) {
      const found = current(exchange);
      if (found !== undefined) {
        const { shown, session } = found;
        revocations.add({ sessionId: session.ticket.sessionId }, lastsUntil(session.ticket));
        newest.forget(session);
        for (const ended of [shown, session]) sessions.forget(ended);
      }
      const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
      const { cookie } = exchange.req.headers;
      sendCookies(exchange.res, "session", () => clearSealedCookie(name, attributes, cookie));
      if (found === undefined) return;
      const { ticket } = found.session;
      return shared?.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
    },
  };
}
