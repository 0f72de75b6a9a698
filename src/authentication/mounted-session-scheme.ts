import { ConfigurationError } from "../errors.js";
import type { SavedTokens, Ticket } from "../model.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { createKeyRing } from "../session/key-ring.js";
import { createRevocations } from "../session/revocations.js";
import { createTicketCache } from "../session/ticket-cache.js";
import { decodeTicket, decodeTokens, encodeTicket } from "../session/ticket-codec.js";
import type { User } from "../user.js";
import type { Exchange } from "./exchange.js";
import { checkSliding } from "./session-events.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";
import { afterRevocation, beginTicket, changedTicket, lastsUntil, needsRenewal, slide } from "./session-window.js";

/** What is used of `req.session`. */
interface MountedSession {
  [KEY]?: unknown;
  regenerate(callback: (error?: unknown) => void): unknown;
  save(callback: (error?: unknown) => void): unknown;
}

/** Our place in the app's session. */
const KEY = "oidc";

const CACHE_BYTES = 24 * 1024 * 1024;

/**
 * Sessions in the app's own express-session: a sealed ticket under one key of `req.session`. The id is made anew at
 * sign-in (against fixation) and at sign-out; store, cookie and idle time are the app's.
 */
export function createMountedSessionScheme(
  options: ResolvedSessionOptions,
  secrets: readonly string[],
  now: () => number,
  createUser: (ticket: Ticket) => User,
): SessionScheme {
  const keys = createKeyRing(secrets);
  const cache = createTicketCache<SignedIn>(CACHE_BYTES);
  const revocations = createRevocations(now);

  const remember = (ticket: Ticket, sealed: string, bytes: number): SignedIn => {
    const session: SignedIn = {
      ticket,
      user: createUser(ticket),
      tokens: () => {
        const opened = keys.open("stored-ticket", sealed);
        return opened === undefined ? undefined : decodeTokens(opened.plaintext);
      },
    };
    cache.set(sealed, session, 4 * bytes);
    return session;
  };

  const open = (sealed: string): SignedIn | undefined => {
    const opened = keys.open("stored-ticket", sealed);
    const ticket = opened === undefined ? undefined : decodeTicket(opened.plaintext);
    return opened === undefined || ticket === undefined ? undefined : remember(ticket, sealed, opened.plaintext.length);
  };

  const put = (mounted: MountedSession, ticket: Ticket, tokens: SavedTokens | undefined): SignedIn => {
    const plaintext = encodeTicket(ticket, tokens);
    const sealed = keys.seal("stored-ticket", plaintext);
    mounted[KEY] = sealed;
    return remember(ticket, sealed, plaintext.length);
  };

  const current = (exchange: Exchange): SignedIn | undefined => {
    const sealed = mountedSession(exchange)[KEY];
    if (typeof sealed !== "string") return undefined;
    const session = cache.get(sealed) ?? open(sealed);
    if (session === undefined || session.ticket.expiresAtSeconds <= now()) return undefined;
    return revocations.isRevoked(session.ticket) ? undefined : session;
  };

  return {
    authenticate(exchange) {
      const session = current(exchange);
      if (session === undefined) return undefined;
      const time = now();
      const isDue = options.slidingExpiration && needsRenewal(session.ticket, time);
      if (!options.slidingExpiration || !checkSliding(options.events, exchange, session.ticket, time, isDue))
        return session;
      return put(mountedSession(exchange), slide(session.ticket, time), session.tokens());
    },

    async signIn(exchange, draft, tokens) {
      const replaced = current(exchange)?.ticket;
      await regenerate(exchange);
      const mounted = mountedSession(exchange);
      const begun = beginTicket(options, draft, now());
      const session = put(mounted, afterRevocation(begun, revocations.endedBefore(begun)), tokens);
      await saved(mounted);
      if (replaced !== undefined) revocations.add({ sessionId: replaced.sessionId }, lastsUntil(replaced));
      return session;
    },

    async signOut(exchange) {
      const session = current(exchange);
      if (session === undefined) return;
      revocations.add({ sessionId: session.ticket.sessionId }, lastsUntil(session.ticket));
      await regenerate(exchange);
    },

    async update(exchange, before, change) {
      const known = current(exchange) ?? before;
      const ticket = changedTicket(known.ticket, change, now());
      const mounted = mountedSession(exchange);
      const session = put(mounted, ticket, change.tokens ?? known.tokens());
      await saved(mounted);
      return session;
    },

    newest: (known) => known,

    endVersion(exchange, { ticket }) {
      revocations.add({ sessionId: ticket.sessionId }, lastsUntil(ticket));
      delete mountedSession(exchange)[KEY];
    },

    revoke(revocation) {
      revocations.add(revocation, now() + Math.max(2 * options.expireTimeSpanSeconds, LONGEST_REVOCATION_SECONDS));
    },

    cookieName: () => undefined,
  };
}

/** 30 days. */
const LONGEST_REVOCATION_SECONDS = 2_592_000;

function mountedSession(exchange: Exchange): MountedSession {
  const { session } = exchange.req as { readonly session?: MountedSession };
  if (typeof session === "object" && session !== null && typeof session.regenerate === "function") return session;
  throw new ConfigurationError(
    "ERR_OIDC_MIDDLEWARE_MISSING",
    "The session option is left out, and no express-session has run before: app.use(session({ … })) above addOpenIdConnect(), or give session: { secret }.",
  );
}

function regenerate(exchange: Exchange): Promise<void> {
  return new Promise((resolve, reject) => {
    mountedSession(exchange).regenerate((error) => (error ? reject(error) : resolve()));
  });
}

/** Before the redirect: the next request may reach the store before this one's answer has ended. */
function saved(mounted: MountedSession): Promise<void> {
  return new Promise((resolve, reject) => {
    mounted.save((error) => (error ? reject(error) : resolve()));
  });
}
