import type { SavedTokens, Ticket } from "../model.js";
import type { Revocation } from "../session/revocations.js";
import type { User } from "../user.js";
import type { Exchange } from "./exchange.js";

/** Who is signed in on a request. One object per opened cookie, shared by its requests. */
export interface SignedIn {
  readonly ticket: Ticket;
  readonly user: User;
  /** Opens the saved tokens: work that most requests never need. */
  tokens(): SavedTokens | undefined;
}

/** What a sign-in knows of its ticket; the scheme adds id and times. */
export type TicketDraft = Pick<
  Ticket,
  "scheme" | "claims" | "areClaimsOfApp" | "userFields" | "items" | "evidence" | "grantedScopes" | "transactionId"
> & {
  readonly isPersistent?: boolean | undefined;
  /** By the provider's clock, where that is behind: what it says of the end of sessions is by the same. */
  readonly signedInAtSeconds?: number | undefined;
  /** Overrides `expireTimeSpan` for this sign-in. */
  readonly expiresAtSeconds?: number | undefined;
};

/** What changes of a session while it lives; what is left out stays. */
export interface TicketChange {
  readonly ticket?:
    | Partial<
        Pick<
          Ticket,
          | "claims"
          | "areClaimsOfApp"
          | "userFields"
          | "items"
          | "evidence"
          | "grantedScopes"
          | "isPersistent"
          | "expiresAtSeconds"
        >
      >
    | undefined;
  /** The session's time begins anew. */
  readonly isRenewed?: boolean | undefined;
  /** All of them: what is not in it is gone. */
  readonly tokens?: SavedTokens | undefined;
}

/** At once where the session is in the cookie, later where it is in a store. */
export type MaybePromise<T> = T | Promise<T>;

/** The scheme that remembers: it signs in, recognises, renews and signs out, wherever the ticket lives. */
export interface SessionScheme {
  authenticate(exchange: Exchange): MaybePromise<SignedIn | undefined>;
  signIn(exchange: Exchange, draft: TicketDraft, tokens: SavedTokens | undefined): MaybePromise<SignedIn>;
  signOut(exchange: Exchange): MaybePromise<void>;
  /**
   * Gives the session new content under the same id, version + 1, on top of the newest version known. The answer to
   * this request carries it; where its headers are gone, the next one does.
   */
  update(exchange: Exchange, current: SignedIn, change: TicketChange): MaybePromise<SignedIn>;
  /** The newest version of this session that is known here: a request may come with an older cookie. */
  newest(current: SignedIn): MaybePromise<SignedIn>;
  /**
   * Ends the session as this version of it, because its refresh token was refused. One that another node has renewed
   * meanwhile lives on.
   */
  endVersion(exchange: Exchange, current: SignedIn): MaybePromise<void>;
  /** Name of the cookie that carries the session of this request; `undefined` where that is another middleware's. */
  cookieName(exchange: Exchange): string | undefined;
  /** Ends sessions from elsewhere than their own browser. */
  revoke(revocation: Revocation): MaybePromise<void>;
}
