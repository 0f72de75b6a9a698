import type { IncomingMessage, ServerResponse } from "node:http";
import type { Claims } from "../model.js";
import type { User } from "../user.js";

interface SessionEventContext {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Of a session, what an event may change. */
export interface SessionChange {
  readonly claims?: Claims | undefined;
  /** The app's own notes. */
  readonly items?: Readonly<Record<string, string>> | undefined;
  readonly isPersistent?: boolean | undefined;
  readonly expiresAt?: Date | undefined;
}

/** At every request of a signed-in user: is this user still to be trusted? */
export interface ValidatePrincipalContext extends SessionEventContext {
  readonly user: User;
  readonly items: Readonly<Record<string, string>>;
  readonly signedInAt: Date;
  readonly expiresAt: Date;
  /** The session ends: this request is anonymous, and the cookie is removed. */
  reject(): void;
  /** New content, kept in the session. */
  replace(change: SessionChange): void;
  /** The session's time begins anew. */
  renew(): void;
}

/** Before a session is written. */
export interface SigningInContext extends SessionEventContext {
  claims: Claims;
  items: Readonly<Record<string, string>> | undefined;
  isPersistent: boolean | undefined;
  expiresAt: Date | undefined;
}

/** After a session was written. */
export interface SignedInContext extends SessionEventContext {
  readonly user: User;
}

/** Before a session ends by a sign-out; nobody may be signed in. */
export interface SigningOutContext extends SessionEventContext {
  readonly user: User | undefined;
}

/** When a request could make the session's time begin anew. */
export interface CheckSlidingExpirationContext extends SessionEventContext {
  readonly elapsedSeconds: number;
  readonly remainingSeconds: number;
  /** Past half of the time; may be changed. */
  shouldRenew: boolean;
}

/** ASP.NET Core's events of the cookie handler. */
export interface SessionEvents {
  /** At every request of a signed-in user: is this user still to be trusted? May be async. */
  readonly onValidatePrincipal?: ((context: ValidatePrincipalContext) => unknown) | undefined;
  /** Before a session is written; may change it. May be async. */
  readonly onSigningIn?: ((context: SigningInContext) => unknown) | undefined;
  /** After a session was written. May be async. */
  readonly onSignedIn?: ((context: SignedInContext) => unknown) | undefined;
  /** Before a session ends by a sign-out. May be async. */
  readonly onSigningOut?: ((context: SigningOutContext) => unknown) | undefined;
  /** When a request could make the session's time begin anew; may force or forbid it. Not async. */
  readonly onCheckSlidingExpiration?: ((context: CheckSlidingExpirationContext) => void) | undefined;
}
