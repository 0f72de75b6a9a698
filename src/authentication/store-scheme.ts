import { randomBytes } from "node:crypto";
import { ConfigurationError } from "../errors.js";
import type { Ticket } from "../model.js";
import { warnOfUserReach } from "../options/logout-reach.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import type { SessionStore } from "../options/session-options.js";
import { ExpiringMap } from "../session/expiring-map.js";
import { createKeyRing } from "../session/key-ring.js";
import { sendCookies } from "../session/response-cookies.js";
import { createRevocations } from "../session/revocations.js";
import { readCookie, serializeCookie } from "../session/session-cookie.js";
import { createStoreCalls } from "../session/store-calls.js";
import { createTicketStore, hash, markerKey, type StoredTicket } from "../session/ticket-store.js";
import { createTurns } from "../session/turns.js";
import type { User } from "../user.js";
import { cookiesByPath } from "./cookies-by-path.js";
import type { Exchange } from "./exchange.js";
import { createSealedSessions, type SealedSession } from "./sealed-sessions.js";
import { checkSliding } from "./session-events.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";
import { afterRevocation, beginTicket } from "./session-window.js";
import { createStoredWindow, hasFixedEnd } from "./stored-window.js";

/** Sessions of which this node remembers when it moved their end, and whose they are. */
const MOST_REMEMBERED = 100_000;

/** Sessions whose refresh token was refused; beyond it the oldest is forgotten, and refused again. */
const MOST_DEAD_VERSIONS = 10_000;

interface DeadVersion {
  readonly version: number;
  readonly sinceSeconds: number;
}

/** Another node's refresh, which may have made this one's token refused, has written its result by then. */
const REFRESH_GRACE_SECONDS = 60;

/** The store is told that a session is in use at most once in this part of its idle time. */
const TOUCH_PART = 10;

/** What the store holds, and what that opened as. */
interface StoredSession extends StoredTicket {
  readonly opened: SealedSession;
}

export interface StoreSchemeSettings {
  readonly options: ResolvedSessionOptions;
  readonly store: SessionStore;
  readonly now: () => number;
  readonly createUser: (ticket: Ticket) => User;
  /** The provider can end a user's sessions from outside: only then is a second key read. */
  readonly isLogoutExpected: () => boolean;
  readonly onTouchFailed: (error: Error) => void;
}

/**
 * Sessions on the server: the cookie holds a random key, the store a sealed ticket under the key's hash. A request costs
 * one `get`; nothing is written while nothing changes.
 */
export function createStoreScheme(settings: StoreSchemeSettings): SessionScheme {
  const { options, now, createUser } = settings;
  const sessions = createSealedSessions(createKeyRing(options.secrets), "stored-ticket", createUser);
  const tickets = createTicketStore(createStoreCalls(settings.store, options.storeTimeoutSeconds));
  const revocations = createRevocations(now);
  const markers = new ExpiringMap<string>(MOST_REMEMBERED, now);
  const touched = new ExpiringMap<number>(MOST_REMEMBERED, now);
  const deadVersions = new ExpiringMap<DeadVersion>(MOST_DEAD_VERSIONS, now);
  const inTurn = createTurns();
  const cookieFor = cookiesByPath(options.name, options.cookie);
  const idle = options.expireTimeSpanSeconds;
  const { remaining, seenNow, changed } = createStoredWindow(options, now);

  const sessionIdOf = (exchange: Exchange): string | undefined => {
    const { cookie } = exchange.req.headers;
    if (cookie === undefined) return undefined;
    const key = readCookie(cookie, cookieFor(exchange.publicPath, exchange.isHttps).name);
    return key === undefined || !/^[\w-]{43}$/.test(key) ? undefined : hash(key);
  };

  const read = async (sessionId: string): Promise<StoredSession | undefined> => {
    const marker = settings.isLogoutExpected() ? markers.get(sessionId) : undefined;
    const [stored, early] = await Promise.all([
      tickets.read(sessionId),
      marker === undefined ? undefined : tickets.endedBefore(marker),
    ]);
    const opened = stored === undefined ? undefined : sessions.open(stored.sealed, sessionId);
    if (stored === undefined || opened === undefined) return undefined;
    const { ticket } = opened;
    let before = early;
    if (marker === undefined && settings.isLogoutExpected()) {
      markers.set(sessionId, markerKey(ticket), now() + idle);
      before = await tickets.endedBefore(markerKey(ticket));
    }
    const isOver = ticket.absoluteExpiresAtSeconds !== undefined && ticket.absoluteExpiresAtSeconds <= now();
    const isEnded = before !== undefined && ticket.signedInAtSeconds <= before;
    const dead = deadVersions.get(sessionId);
    const isDead = dead !== undefined && dead.version >= ticket.version;
    if (isDead && now() - dead.sinceSeconds <= REFRESH_GRACE_SECONDS) return undefined;
    if (isOver || isEnded || isDead || revocations.isRevoked(ticket)) {
      // The answer is clear already: that the store keeps it a little longer changes nothing.
      await tickets.remove(sessionId).catch(settings.onTouchFailed);
      return undefined;
    }
    return { ...stored, opened };
  };

  const sendKey = (exchange: Exchange, key: string, ticket: Ticket): boolean => {
    const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
    const maxAge = ticket.isPersistent ? Math.max(0, Math.ceil(remaining(ticket))) : undefined;
    const line = serializeCookie(name, key, attributes, maxAge);
    return sendCookies(exchange.res, "session", () => (revocations.isRevoked(ticket) ? [] : [line]));
  };

  const touch = (exchange: Exchange, stored: StoredSession): void => {
    const { ticket, keyIndex } = stored.opened;
    const isFixed = hasFixedEnd(ticket);
    // One whose end stays is written to all the same, for as long as an older secret has sealed it.
    if (isFixed && keyIndex === 0) return;
    const time = now();
    const last = touched.get(ticket.sessionId) ?? ticket.issuedAtSeconds;
    const isDue = time - last > idle / TOUCH_PART;
    const window = { ...ticket, issuedAtSeconds: last, expiresAtSeconds: last + idle };
    if (isFixed ? !isDue : !checkSliding(options.events, exchange, window, time, isDue)) return;
    touched.set(ticket.sessionId, time, time + idle);
    // Nobody waits for it: what a failure costs is that the session ends earlier.
    void moveEnd(stored).catch(settings.onTouchFailed);
    const key = ticket.isPersistent
      ? readCookie(exchange.req.headers.cookie, cookieFor(exchange.publicPath, exchange.isHttps).name)
      : undefined;
    if (key !== undefined) sendKey(exchange, key, ticket);
  };

  const moveEnd = async ({ value, sealed, opened }: StoredSession): Promise<void> => {
    const { ticket, keyIndex } = opened;
    const seconds = remaining(ticket);
    // A session that is used for months outlives the secret that sealed it.
    const isMoved = keyIndex === 0 && (await tickets.touch(ticket.sessionId, value, seconds));
    if (!isMoved) {
      await inTurn(ticket.sessionId, async () => {
        // Content that came meanwhile is newer than this, and has moved the end itself.
        if ((await tickets.read(ticket.sessionId))?.sealed !== sealed) return;
        const same = keyIndex === 0 ? sealed : sessions.seal(ticket, opened.tokens(), ticket.sessionId).sealed;
        await tickets.write(ticket.sessionId, same, seconds);
      });
    }
    await tickets.keepIndexed(ticket, seconds);
  };

  const remove = async (sessionId: string): Promise<void> => {
    // Known here at once, whatever the store does.
    revocations.add({ sessionId }, now() + 2 * idle);
    markers.delete(sessionId);
    touched.delete(sessionId);
    await tickets.remove(sessionId);
  };

  /** Anyone can send a cookie of this form: what is not there leaves no stone behind, and no place in a list. */
  const removeKnown = async (sessionId: string): Promise<void> => {
    const isThere = await tickets.read(sessionId).then(
      (stored) => stored !== undefined,
      () => true,
    );
    if (isThere) await remove(sessionId);
  };

  return {
    async authenticate(exchange) {
      const sessionId = sessionIdOf(exchange);
      const stored = sessionId === undefined ? undefined : await read(sessionId);
      if (stored === undefined) return undefined;
      touch(exchange, stored);
      return seenNow(stored.opened);
    },

    async signIn(exchange, draft, tokens) {
      if (exchange.res.headersSent) throw responseStarted();
      const replaced = sessionIdOf(exchange);
      const key = randomBytes(32).toString("base64url");
      const drafted = beginTicket(options, draft, now());
      const ends = [revocations.endedBefore(drafted), await tickets.endedBefore(markerKey(drafted))];
      const begun = ends.reduce<Ticket>(afterRevocation, drafted);
      const isFixed = !options.slidingExpiration || typeof draft.expiresAtSeconds === "number";
      const ticket: Ticket = {
        ...begun,
        sessionId: hash(key),
        absoluteExpiresAtSeconds: isFixed ? begun.expiresAtSeconds : begun.absoluteExpiresAtSeconds,
      };
      const opened = sessions.seal(ticket, tokens, ticket.sessionId);
      if (!(await tickets.create(ticket, opened.sealed, remaining(ticket)))) {
        // Ended at the provider meanwhile: no cookie goes out, and what this request was to do stays with it.
        revocations.add({ sessionId: ticket.sessionId }, now() + 2 * idle);
      }
      markers.set(ticket.sessionId, markerKey(ticket), now() + idle);
      // A session that was there before the sign-in, planted or not, ends with it.
      if (replaced !== undefined) await removeKnown(replaced);
      if (!sendKey(exchange, key, ticket)) {
        await remove(ticket.sessionId);
        throw responseStarted();
      }
      return seenNow(opened);
    },

    async signOut(exchange) {
      const { name, attributes } = cookieFor(exchange.publicPath, exchange.isHttps);
      sendCookies(exchange.res, "session", () => [serializeCookie(name, "", attributes, 0)]);
      const sessionId = sessionIdOf(exchange);
      if (sessionId !== undefined) await removeKnown(sessionId);
    },

    update(_exchange, before, change) {
      const { sessionId } = before.ticket;
      return inTurn(sessionId, async () => {
        const stored = await read(sessionId);
        // Signed out meanwhile: what was done for this request stays with this request.
        const known = stored === undefined ? before : later(stored.opened, before);
        const ticket = changed(known.ticket, change);
        const opened = sessions.seal(ticket, change.tokens ?? known.tokens(), sessionId);
        if (stored !== undefined) await tickets.write(sessionId, opened.sealed, remaining(ticket));
        return seenNow(opened);
      });
    },

    endVersion(_exchange, { ticket }) {
      // Not removed yet: another node's refresh, with a newer version, may be under way.
      const { sessionId, version } = ticket;
      deadVersions.set(sessionId, { version, sinceSeconds: now() }, now() + 2 * idle);
    },

    async newest(known) {
      const stored = await read(known.ticket.sessionId);
      return stored === undefined ? known : seenNow(later(stored.opened, known));
    },

    async revoke(revocation) {
      if (revocation.subject !== undefined && !settings.isLogoutExpected()) warnOfUserReach();
      const life = options.absoluteLifetimeSeconds ?? Math.max(2 * idle, LONGEST_REVOCATION_SECONDS);
      revocations.add(revocation, now() + life);
      await tickets.revoke(revocation, now(), life);
    },

    cookieName: (exchange) => cookieFor(exchange.publicPath, exchange.isHttps).name,
  };
}

/** A replica may be behind what this request has seen already. */
function later(stored: SignedIn, known: SignedIn): SignedIn {
  return known.ticket.version > stored.ticket.version ? known : stored;
}

function responseStarted(): ConfigurationError {
  return new ConfigurationError(
    "ERR_OIDC_RESPONSE_STARTED",
    "A sign-in needs a cookie, and the response has begun already: sign in before anything is written.",
  );
}

/** 30 days: a sign-in may set an end of its own, so marks outlive the usual session. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;
