import type { SavedTokens, Ticket } from "../model.js";
import type { KeyRing, SealPurpose } from "../session/key-ring.js";
import { createTicketCache } from "../session/ticket-cache.js";
import { decodeTicket, decodeTokens, encodeTicket } from "../session/ticket-codec.js";
import type { User } from "../user.js";
import type { SignedIn } from "./session-scheme.js";

/** A session, and the text that it is sealed in. */
export interface SealedSession extends SignedIn {
  readonly sealed: string;
  /** Place of the secret that sealed it: 0 is the one that seals today. */
  readonly keyIndex: number;
  /** What was sealed with it, and must be the same to open it. */
  readonly context: string;
}

/** Seals sessions and opens them, each text once as long as it is remembered. */
export interface SealedSessions {
  seal(ticket: Ticket, tokens: SavedTokens | undefined, context?: string): SealedSession;
  /** `undefined` for what was not sealed here in this context. That it opens says nothing of whether it still counts. */
  open(sealed: string, context?: string): SealedSession | undefined;
  forget(session: SealedSession): void;
}

/** Memory for opened tickets, in bytes: about 8,000 sessions with three tokens each. */
const CACHE_BYTES = 24 * 1024 * 1024;

export function createSealedSessions(
  keys: KeyRing,
  purpose: SealPurpose,
  createUser: (ticket: Ticket) => User,
): SealedSessions {
  const cache = createTicketCache<SealedSession>(CACHE_BYTES);

  const remember = (
    ticket: Ticket,
    { sealed, keyIndex, context }: Pick<SealedSession, "sealed" | "keyIndex" | "context">,
    plaintextBytes: number,
  ): SealedSession => {
    const session: SealedSession = {
      ticket,
      user: createUser(ticket),
      tokens: () => {
        const opened = keys.open(purpose, sealed, context);
        return opened === undefined ? undefined : decodeTokens(opened.plaintext);
      },
      sealed,
      keyIndex,
      context,
    };
    cache.set(sealed, session, 4 * plaintextBytes);
    return session;
  };

  return {
    seal(ticket, tokens, context = "") {
      const plaintext = encodeTicket(ticket, tokens);
      const sealed = keys.seal(purpose, plaintext, context);
      return remember(ticket, { sealed, keyIndex: 0, context }, plaintext.length);
    },

    open(sealed, context = "") {
      const known = cache.get(sealed);
      if (known !== undefined) return known.context === context ? known : undefined;
      const opened = keys.open(purpose, sealed, context);
      const ticket = opened === undefined ? undefined : decodeTicket(opened.plaintext);
      if (opened === undefined || ticket === undefined) return undefined;
      // What was read is a slice of a longer text, and would keep all of it alive as long as the session is remembered.
      const copy = Buffer.from(sealed, "latin1").toString("latin1");
      return remember(ticket, { sealed: copy, keyIndex: opened.keyIndex, context }, opened.plaintext.length);
    },

    forget: ({ sealed }) => cache.delete(sealed),
  };
}
