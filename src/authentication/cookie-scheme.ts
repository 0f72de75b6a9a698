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
import { createTicketCache } from "../session/ticket-cache.js";
import { decodeTicket, decodeTokens, encodeTicket } from "../session/ticket-codec.js";
import type { User } from "../user.js";
import { cookiesByPath } from "./cookies-by-path.js";
import type { Exchange } from "./exchange.js";
import { checkSliding } from "./session-events.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";
import { afterRevocation, beginTicket, changedTicket, lastsUntil, needsRenewal, slide } from "./session-window.js";
import { explainSize } from "./ticket-size.js";

/** Memory for opened tickets, in bytes: about 8,000 sessions with three tokens each. */
const CACHE_BYTES = 24 * 1024 * 1024;

/** 30 days. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;

/** Sessions whose refresh token was refused; beyond it the oldest is forgotten, and refused again. */
const MOST_DEAD_VERSIONS = 10_000;

/** A session that has been opened, and what it was sealed as. */
interface OpenedSession extends SignedIn {
  readonly sealed: string;
  readonly keyIndex: number;
}

export function createCookieScheme(
  options: ResolvedSessionOptions,
  now: () => number,
  createUser: (ticket: Ticket) => User,
): SessionScheme {
  const keys = createKeyRing(options.secrets);
  const cache = createTicketCache<OpenedSession>(CACHE_BYTES);
  const revocations = createRevocations(now);
  const shared =
    options.revocations === undefined
      ? undefined
      : createSharedRevocations(options.revocations, options.storeTimeoutSeconds, now);
  const deadVersions = new ExpiringMap<number>(MOST_DEAD_VERSIONS, now);
  const newest = new NewestTickets<OpenedSession>(now);
  // A sign-in may set an end of its own, so the list remembers for longer than the usual session lives.
  const longest = Math.max(2 * options.expireTimeSpanSeconds, LONGEST_REVOCATION_SECONDS);
  const cookieFor = cookiesByPath(options.name, options.cookie);

  const tokensOf = (sealed: string): SavedTokens | undefined => {
    const opened = keys.open("ticket", sealed);
    return opened === undefined ? undefined : decodeTokens(opened.plaintext);
  };

  const remember = (ticket: Ticket, sealed: string, keyIndex: number, bytes: number): OpenedSession => {
    const session: OpenedSession = {
      ticket,
      user: createUser(ticket),
      sealed,
      keyIndex,
      tokens: () => tokensOf(sealed),
    };
    cache.set(sealed, session, bytes);
    return session;
  };

  const open = (sealed: string): OpenedSession | undefined => {
    const opened = keys.open("ticket", sealed);
    const ticket = opened === undefined ? undefined : decodeTicket(opened.plaintext);
    if (opened === undefined || ticket === undefined) return undefined;
    // What was read is a slice of the Cookie header, and would keep all of it alive as long as the session is cached.
    const copy = Buffer.from(sealed, "latin1").toString("latin1");
    return remember(ticket, copy, opened.keyIndex, 4 * opened.plaintext.length);
  };

  const seal = (ticket: Ticket, tokens: SavedTokens | undefined): OpenedSession => {
    const plaintext = encodeTicket(ticket, tokens);
    return remember(ticket, keys.seal("ticket", plaintext), 0, 4 * plaintext.length);
  };

  /** @throws ConfigurationError `ERR_OIDC_TICKET_TOO_LARGE` */
  const send = (exchange: Exchange, session: OpenedSession): boolean => {
    const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
    const linesOf = ({ ticket, sealed }: OpenedSession) => {
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

  const renew = (exchange: Exchange, session: OpenedSession, time: number, slides: boolean): void => {
    if (exchange.res.headersSent) return;
    const { ticket } = session;
    const renewed = seal(slides ? slide(ticket, time) : ticket, session.tokens());
    newest.renewed(renewed, lastsUntil(renewed.ticket));
    send(exchange, renewed);
  };

  /** What the browser shows, and what this session has become since. */
  const current = (
    exchange: Exchange,
  ): { readonly shown: OpenedSession; readonly session: OpenedSession } | undefined => {
    const header = exchange.req.headers.cookie;
    if (header === undefined) return undefined;
    const sealed = readSealedCookie(header, cookieFor(exchange.publicPath, exchange.isHttps).name);
    if (sealed === undefined) return undefined;
    const shown = cache.get(sealed) ?? open(sealed);
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
    { shown, session }: { readonly shown: OpenedSession; readonly session: OpenedSession },
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

  const begin = (exchange: Exchange, begun: Ticket, tokens: SavedTokens | undefined): OpenedSession => {
    const replaced = current(exchange)?.session.ticket;
    const ticket = afterRevocation(begun, revocations.endedBefore(begun));
    const session = seal(ticket, tokens);
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
      const known = newest.latest(before as OpenedSession);
      const ticket = changedTicket(known.ticket, change, now());
      const tokens = change.tokens ?? known.tokens();
      const session = seal(ticket, tokens);
      explainSize(ticket, tokens, () => send(exchange, session));
      newest.updated(session, lastsUntil(ticket));
      return session;
    },

    newest: (known) => newest.latest(known as OpenedSession),

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
        for (const { sealed } of [shown, session]) cache.delete(sealed);
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
