import { randomBytes } from "node:crypto";
import { ConfigurationError } from "../errors.js";
import type { SavedTokens, Ticket } from "../model.js";
import type { ResolvedCookieOptions } from "../options/checks.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { ExpiringMap } from "../session/expiring-map.js";
import { createKeyRing } from "../session/key-ring.js";
import { sendCookies } from "../session/response-cookies.js";
import { createRevocations } from "../session/revocations.js";
import {
  type CookieAttributes,
  clearSealedCookie,
  readSealedCookie,
  sessionCookieName,
  writeSealedCookie,
} from "../session/session-cookie.js";
import { createTicketCache } from "../session/ticket-cache.js";
import { decodeTicket, decodeTokens, encodeTicket } from "../session/ticket-codec.js";
import type { User } from "../user.js";
import type { Exchange } from "./exchange.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";

/** Memory for opened tickets, in bytes: about 8,000 sessions with three tokens each. */
const CACHE_BYTES = 24 * 1024 * 1024;

/** 30 days. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;

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
  const newest = new ExpiringMap<OpenedSession>(10_000, now);
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

  const send = (exchange: Exchange, session: OpenedSession, whenSent: () => boolean): boolean => {
    const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
    const { ticket, sealed } = session;
    const maxAge = ticket.isPersistent ? Math.max(0, Math.ceil(ticket.expiresAtSeconds - now())) : undefined;
    const lines = writeSealedCookie(name, sealed, attributes, maxAge, exchange.req.headers.cookie);
    return sendCookies(exchange.res, "session", () => (whenSent() ? lines : []));
  };

  /** The window starts anew; the id stays, and so does the version, for nothing but time has changed. */
  const renew = (exchange: Exchange, session: OpenedSession, time: number): void => {
    if (exchange.res.headersSent) return;
    const { ticket } = session;
    const slides = options.slidingExpiration && needsRenewal(ticket, time);
    const renewed = seal(slides ? slide(ticket, time) : ticket, session.tokens());
    // A sign-out that happened while this request ran must not be undone by its answer.
    send(exchange, renewed, () => !revocations.isRevoked(ticket));
  };

  const current = (exchange: Exchange): OpenedSession | undefined => {
    const header = exchange.req.headers.cookie;
    if (header === undefined) return undefined;
    const sealed = readSealedCookie(header, cookieFor(exchange.publicPath, exchange.isHttps).name);
    if (sealed === undefined) return undefined;
    const session = cache.get(sealed) ?? open(sealed);
    if (session === undefined || session.ticket.expiresAtSeconds <= now()) return undefined;
    return revocations.isRevoked(session.ticket) ? undefined : session;
  };

  return {
    authenticate(exchange) {
      const session = current(exchange);
      if (session === undefined) return undefined;
      const time = now();
      if (session.keyIndex > 0 || (options.slidingExpiration && needsRenewal(session.ticket, time))) {
        renew(exchange, session, time);
      }
      return session;
    },

    signIn(exchange, draft, tokens) {
      const replaced = current(exchange);
      const time = Math.floor(now());
      const absolute =
        options.absoluteLifetimeSeconds === undefined ? undefined : time + options.absoluteLifetimeSeconds;
      const wanted = draft.expiresAtSeconds ?? time + options.expireTimeSpanSeconds;
      const { isPersistent, expiresAtSeconds: _, ...rest } = draft;
      const ticket: Ticket = {
        ...rest,
        sessionId: randomBytes(16).toString("base64url"),
        version: 1,
        signedInAtSeconds: time,
        issuedAtSeconds: time,
        expiresAtSeconds: Math.min(wanted, absolute ?? wanted),
        absoluteExpiresAtSeconds: absolute,
        isPersistent: isPersistent ?? options.persistent,
      };
      const session = seal(ticket, tokens);
      const sent = explainSize(ticket, tokens, () => send(exchange, session, () => !revocations.isRevoked(ticket)));
      if (!sent) {
        throw new ConfigurationError(
          "ERR_OIDC_RESPONSE_STARTED",
          "A sign-in needs a cookie, and the response has begun already: sign in before anything is written.",
        );
      }
      if (replaced !== undefined)
        revocations.add({ sessionId: replaced.ticket.sessionId }, lastsUntil(replaced.ticket));
      return session;
    },

    update(exchange, before, change) {
      const known = newest.get(before.ticket.sessionId) ?? before;
      const ticket: Ticket = { ...known.ticket, ...change.ticket, version: known.ticket.version + 1 };
      const session = seal(ticket, change.tokens === undefined ? known.tokens() : change.tokens);
      newest.set(ticket.sessionId, session, lastsUntil(ticket));
      send(exchange, session, () => !revocations.isRevoked(ticket));
      return session;
    },

    newest: (known) => newest.get(known.ticket.sessionId) ?? known,

    revoke(revocation) {
      revocations.add(revocation, now() + longest);
    },

    cookieName: (exchange) => cookieFor(exchange.publicPath, exchange.isHttps).name,

    signOut(exchange) {
      const session = current(exchange);
      if (session !== undefined) {
        revocations.add({ sessionId: session.ticket.sessionId }, lastsUntil(session.ticket));
        cache.delete(session.sealed);
      }
      const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
      const { cookie } = exchange.req.headers;
      sendCookies(exchange.res, "session", () => clearSealedCookie(name, attributes, cookie));
    },
  };
}

/** Past half of the window. */
function needsRenewal(ticket: Ticket, time: number): boolean {
  if (ticket.expiresAtSeconds === ticket.absoluteExpiresAtSeconds) return false;
  return time - ticket.issuedAtSeconds > ticket.expiresAtSeconds - time;
}

function slide(ticket: Ticket, time: number): Ticket {
  const start = Math.floor(time);
  const end = start + (ticket.expiresAtSeconds - ticket.issuedAtSeconds);
  return {
    ...ticket,
    issuedAtSeconds: start,
    expiresAtSeconds: Math.min(end, ticket.absoluteExpiresAtSeconds ?? end),
  };
}

/** The latest moment at which a copy of this session's cookie, renewed meanwhile, could still be good. */
function lastsUntil(ticket: Ticket): number {
  return ticket.expiresAtSeconds + (ticket.expiresAtSeconds - ticket.issuedAtSeconds);
}

/** Runs `work`; a ticket that is too large is told apart by its parts. */
function explainSize<T>(ticket: Ticket, tokens: SavedTokens | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== "ERR_OIDC_TICKET_TOO_LARGE") throw error;
    const parts: readonly (readonly [string, number])[] = [
      ["claims", Buffer.byteLength(JSON.stringify(ticket.claims))],
      ["mapUser fields", Buffer.byteLength(JSON.stringify(ticket.userFields ?? ""))],
      ["items", Buffer.byteLength(JSON.stringify(ticket.items ?? ""))],
      ["access_token", tokens?.accessToken?.length ?? 0],
      ["id_token", tokens?.idToken?.length ?? 0],
      ["refresh_token", tokens?.refreshToken?.length ?? 0],
    ];
    const sizes = parts
      .filter(([, size]) => size > 2)
      .map(([name, size]) => `${name} ${size}`)
      .join(", ");
    throw new ConfigurationError(
      "ERR_OIDC_TICKET_TOO_LARGE",
      `${error.message} Before compression, in bytes: ${sizes}. Keep fewer tokens (saveTokens takes a list), ask for fewer claims (scope), or keep sessions on the server (session.store).`,
    );
  }
}

interface SessionCookie {
  readonly name: string;
  readonly attributes: CookieAttributes;
}

/** Name and attributes depend on https and public path alone; almost every app has one pair of them. */
export function cookiesByPath(
  baseName: string,
  options: ResolvedCookieOptions,
): (publicPath: string, isHttps: boolean) => SessionCookie {
  const known = new Map<string, SessionCookie>();
  let last: (SessionCookie & { readonly publicPath: string; readonly isHttps: boolean }) | undefined;
  return (publicPath, isHttps) => {
    if (last !== undefined && last.publicPath === publicPath && last.isHttps === isHttps) return last;
    const key = `${isHttps} ${publicPath}`;
    let cookie = known.get(key);
    if (cookie === undefined) {
      const secure = options.secure === "auto" ? isHttps : options.secure;
      const attributes: CookieAttributes = {
        // A parametric mount path is the browser's text; only what is safe in an attribute becomes one.
        path: options.path ?? (/^\/[\w\-./~%!$&'()*+=:@]*$/.test(publicPath) ? publicPath : "/"),
        ...(options.domain === undefined ? {} : { domain: options.domain }),
        secure,
        sameSite: options.sameSite,
        partitioned: options.partitioned,
      };
      cookie = { name: sessionCookieName(baseName, attributes), attributes };
      if (known.size >= 100) known.clear();
      known.set(key, cookie);
    }
    last = { ...cookie, publicPath, isHttps };
    return cookie;
  };
}
