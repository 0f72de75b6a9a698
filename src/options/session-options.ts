import type { SessionEvents } from "./session-events.js";

/** Attributes of a cookie that an app may choose. HttpOnly is always on. */
export interface CookieOptions {
  /** When the cookie goes along from other sites. "strict" loses it on the way back from the provider. @defaultValue "lax" */
  readonly sameSite?: "lax" | "strict" | "none" | undefined;
  /** "auto": Secure when `baseUrl` is https, else when the request is. @defaultValue "auto" */
  readonly secure?: "auto" | boolean | undefined;
  /** Leaves the `__Host-` protection: sibling hosts can then write the cookie. @defaultValue none (this host alone) */
  readonly domain?: string | undefined;
  /** The part of the site that sees the cookie. @defaultValue the path that the middleware is mounted at */
  readonly path?: string | undefined;
  /** CHIPS: a jar per embedding site. @defaultValue false */
  readonly partitioned?: boolean | undefined;
}

/** What is used of an express-session store; every store of that package fits. */
export interface SessionStore {
  get(sid: string, callback: (error: unknown, session?: object | null) => void): unknown;
  set(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
  touch?(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
}

/** A store of short texts that all nodes share; a Redis client needs two lines to be one. */
export interface RevocationStore {
  /** Nothing, also as null, when the key is unknown or its time is over. */
  get(key: string): Promise<string | null | undefined>;
  set(key: string, value: string, ttlSeconds: number): Promise<unknown>;
}

/** Where and how long a session lives. Durations are seconds. */
export interface SessionOptions {
  /**
   * Seals the session cookie. A list rotates: the first seals, all open. Each at least 32 characters,
   * for example of `openssl rand -base64 48`.
   * @defaultValue none; required, unless express-session is mounted before
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Cookie name, without its `__Host-` or `__Secure-` prefix. @defaultValue "oidc" */
  readonly name?: string | undefined;
  /** How long a session lives without a request (sliding) or at all. @defaultValue 28800 (8 hours) */
  readonly expireTimeSpan?: number | undefined;
  /** A request past half of the time starts it anew. @defaultValue true */
  readonly slidingExpiration?: boolean | undefined;
  /** However active, a session ends this long after the sign-in. @defaultValue none */
  readonly absoluteLifetime?: number | undefined;
  /** The cookie outlives the browser session (Max-Age). @defaultValue false */
  readonly persistent?: boolean | undefined;
  /** Attributes of the session cookie. */
  readonly cookie?: CookieOptions | undefined;
  /**
   * Keeps sessions on the server, in an express-session store (Redis, PostgreSQL, …), sealed with `secret` there too. The
   * cookie holds 32 random bytes, of which the store sees the SHA-256. Idle sessions end by the store's own clock: it is to
   * forget what is past its `cookie.expires`.
   * @defaultValue none: the session is in the cookie
   */
  readonly store?: SessionStore | undefined;
  /**
   * What has ended, shared by several nodes whose sessions are in the cookie (or in the app's own express-session): sign-outs,
   * back-channel logouts and `auth.revoke()` then reach all of them. It is read for each request that carries a session.
   * @defaultValue none: what has ended is known to one process
   */
  readonly revocations?: RevocationStore | undefined;
  /** Called while sessions are read and written. See `session.events` below. */
  readonly events?: SessionEvents | undefined;
  /** Time for each call of `store` or `revocations`; after it, requests that carry a session get 503. @defaultValue 2 */
  readonly storeTimeout?: number | undefined;
}
