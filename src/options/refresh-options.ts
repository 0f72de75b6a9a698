/** Decides who refreshes when several requests, or several nodes, want to. */
export interface RefreshCoordinator {
  /**
   * Runs `work` once for a key: whoever else asks meanwhile, or within `graceSeconds` after, gets its result. The result
   * is sealed text; a rejection is told to those who wait and not remembered.
   */
  once(key: string, graceSeconds: number, work: () => Promise<string>): Promise<string>;
  /**
   * Drops the results of a session that has ended: those whose keys begin with `session` and a dot. What fails here ends
   * with their grace; nobody waits for it.
   */
  forget?(session: string): void | Promise<void>;
}

/** When access tokens are renewed, and what happens when they cannot be. Durations are seconds. */
export interface RefreshOptions {
  /** Access tokens are renewed this long before their end. @defaultValue 60 */
  readonly before?: number | undefined;
  /** `redisCoordinator(client)` of `add-openid-connect/redis` for several nodes. @defaultValue within this process */
  readonly coordinator?: RefreshCoordinator | undefined;
  /** What a refused refresh token (`invalid_grant`) does: the session ends, or stays without tokens. @defaultValue "signOut" */
  readonly onInvalidGrant?: "signOut" | "keep" | undefined;
}

/** What `req.oidc.getAccessToken` may be given. */
export interface AccessTokenOptions {
  /** The API that the token is for, where it is not that of the sign-in (RFC 8707). */
  readonly resource?: string | undefined;
  /** A part of what was granted (RFC 6749 6). */
  readonly scope?: string | readonly string[] | undefined;
  /** Renews although the token at hand is good, unless another request has done so since. @defaultValue false */
  readonly forceRefresh?: boolean | undefined;
}

/** What `req.oidc.getClientToken` may be given. */
export interface ClientTokenOptions {
  /** Scopes of the app itself. */
  readonly scope?: string | readonly string[] | undefined;
  /** The API that the token is for (RFC 8707). */
  readonly resource?: string | undefined;
}
