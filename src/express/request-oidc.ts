import { problem } from "../authentication/answers.js";
import { isNavigation } from "../authentication/request-kind.js";
import type { RemoteScheme, SchemeRegistry, UserToken } from "../authentication/scheme-registry.js";
import type { SignedIn, TicketDraft } from "../authentication/session-scheme.js";
import { AuthorizationError, ConfigurationError, TokenError } from "../errors.js";
import type { Claims } from "../model.js";
import type { AccessTokenOptions, ClientTokenOptions } from "../options/refresh-options.js";
import type { ChallengeOptions, SignInOptions, SignOutOptions } from "../options/request-options.js";
import { apiRequestOf, isStream } from "../protocol/fetch-arguments.js";
import { answer, type Next } from "./async-answer.js";
import type { RequestExchange } from "./request-exchange.js";
import { localTicket, type SignInUser } from "./sign-in-user.js";

/** What `getToken` knows by name. */
export type TokenName = "access_token" | "id_token" | "refresh_token" | "expires_at" | "token_type";

/** `req.oidc`: who is signed in on this request, and what can be done about it. */
export class RequestOidc {
  readonly #exchange: RequestExchange;
  readonly #schemes: SchemeRegistry;

  constructor(exchange: RequestExchange) {
    this.#exchange = exchange;
    this.#schemes = exchange.schemes;
  }

  /**
   * Who is signed in.
   * @throws AuthorizationError `ERR_OIDC_UNAUTHENTICATED` when nobody is
   */
  get user(): Express.User {
    return this.#signedIn().user as Express.User;
  }

  /** When the session ends unless it is renewed; `undefined` when nobody is signed in. */
  get sessionExpiresAt(): Date | undefined {
    return this.#current === undefined ? undefined : new Date(this.#current.ticket.expiresAtSeconds * 1000);
  }

  /** Names this session for `revoke({ sessionId })`, and opens nothing; `undefined` when nobody is signed in. */
  get sessionId(): string | undefined {
    return this.#current?.ticket.sessionId;
  }

  /** Scopes that the provider granted at sign-in, kept whether tokens are saved or not. */
  get grantedScopes(): readonly string[] {
    return this.#current?.ticket.grantedScopes ?? [];
  }

  isAuthenticated(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Asks who the user is and answers the response: a navigation is redirected to the provider, anything else gets 401.
   * Given `next`, errors go there and the promise never rejects.
   */
  challenge(options: ChallengeOptions = {}, next?: Next): Promise<void> {
    return answer(async () => {
      this.#assertNotAnswered("challenge");
      await this.#schemes.remote(options?.scheme).challenge(this.#exchange, this.#current, options);
      return "answered";
    }, next);
  }

  /**
   * Refuses a known user: a navigation's 403 goes to the app's error handler as an {@link AuthorizationError},
   * anything else gets a 403 problem.
   */
  forbid(next?: Next): Promise<void> {
    return this.refuse("This user may not do this.", next);
  }

  /** @internal */
  refuse(message: string, next?: Next): Promise<void> {
    return answer(async () => {
      this.#assertNotAnswered("forbid");
      const { req, res } = this.#exchange;
      if (isNavigation(req)) throw new AuthorizationError("ERR_OIDC_FORBIDDEN", message);
      problem(res, { title: "Forbidden", status: 403, code: "ERR_OIDC_FORBIDDEN" });
      return "answered";
    }, next);
  }

  /**
   * Signs a user in from code, under a new session id. `user` is a record of claims with `sub`, or a `User`.
   *
   * @throws ConfigurationError `ERR_OIDC_INVALID_USER`, `ERR_OIDC_TICKET_TOO_LARGE`, `ERR_OIDC_RESPONSE_STARTED`
   */
  async signIn(user: SignInUser, options: SignInOptions = {}): Promise<void> {
    const before = this.#current;
    const draft: TicketDraft = localTicket(user, before?.ticket, options);
    const isSame = before !== undefined && before.user.sub === draft.claims["sub"];
    this.#become(await this.#schemes.session.signIn(this.#exchange, draft, isSame ? before.tokens() : undefined));
  }

  /**
   * Signs out here and at the provider, and answers the response with a redirect. Given `next`, errors go there and the
   * promise never rejects.
   */
  signOut(options: SignOutOptions = {}, next?: Next): Promise<void> {
    return answer(async () => {
      this.#assertNotAnswered("sign-out");
      const before = this.#current;
      const scheme = options?.scheme === undefined ? this.#scheme : this.#schemes.remote(options.scheme);
      this.#become(undefined);
      await scheme.signOut(this.#exchange, before, options);
      return "answered";
    }, next);
  }

  /** Ends the session of this app alone, and leaves the response to the caller. */
  async signOutLocally(): Promise<void> {
    const before = this.#current;
    const scheme = this.#scheme;
    const tokens = await scheme.newestTokens(before);
    this.#become(undefined);
    await this.#schemes.session.signOut(this.#exchange);
    this.#schemes.remote().forget(this.#exchange);
    await scheme.revokeTokens(before, tokens);
  }

  /**
   * A token that `saveTokens` kept; `expires_at` is ISO 8601 text in UTC. `undefined` where it was not kept or did not
   * come.
   *
   * @throws AuthorizationError `ERR_OIDC_UNAUTHENTICATED` when nobody is signed in
   */
  getToken(name: TokenName): string | undefined {
    const tokens = this.#signedIn().tokens();
    switch (name) {
      case "access_token":
        return tokens?.accessToken;
      case "id_token":
        return tokens?.idToken;
      case "refresh_token":
        return tokens?.refreshToken;
      case "token_type":
        return tokens?.tokenType;
      case "expires_at": {
        const seconds = tokens?.accessTokenExpiresAtSeconds;
        return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
      }
      default:
        throw new TokenError(
          "ERR_OIDC_TOKEN_NOT_SAVED",
          'getToken knows "access_token", "id_token", "refresh_token", "expires_at" and "token_type".',
        );
    }
  }

  /**
   * An access token that is good now: the one at hand, or a renewed one. One refresh runs at a time per session.
   *
   * @throws TokenError `ERR_OIDC_TOKEN_NOT_SAVED`, `ERR_OIDC_NO_REFRESH_TOKEN`, `ERR_OIDC_REFRESH_REJECTED`;
   * ProviderError when the provider is down and the old token has ended; AuthorizationError when nobody is signed in
   */
  async getAccessToken(options: AccessTokenOptions = {}): Promise<string> {
    return (await this.#accessToken(options)).accessToken;
  }

  /**
   * An access token of the app itself (client credentials of the same registration), kept until shortly before its end.
   *
   * @throws ConfigurationError, ProviderError
   */
  getClientToken(options: ClientTokenOptions = {}): Promise<string> {
    return this.#scheme.clientToken(options);
  }

  /**
   * `fetch` with a good access token of the user. An API that answers 401 is asked once more, with a renewed token, unless
   * the body is a stream; that of a `Request` is one.
   *
   * @throws as `getAccessToken`, and what `fetch` throws
   */
  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = apiRequestOf(input, init);
    const token = await this.#accessToken({});
    const response = await this.#scheme.fetch(token, request);
    // A stream has been read and cannot be sent again.
    if (response.status !== 401 || isStream(request.init.body)) return response;
    try {
      const fresh = await this.#accessToken({ forceRefresh: true }, token.accessToken);
      if (fresh.accessToken === token.accessToken) return response;
      await response.body?.cancel();
      return await this.#scheme.fetch(fresh, request);
    } catch (error) {
      if (error instanceof TokenError) return response;
      throw error;
    }
  }

  async #accessToken(options: AccessTokenOptions, refused?: string): Promise<UserToken> {
    const scheme = this.#schemes.remoteOf(this.#signedIn());
    if (scheme === undefined) {
      throw new TokenError(
        "ERR_OIDC_TOKEN_NOT_SAVED",
        "This user was signed in by the app itself, so there is no access token of a provider.",
      );
    }
    try {
      const token = await scheme.accessToken(this.#exchange, this.#signedIn(), options, refused);
      if (token.session !== this.#current) this.#become(token.session);
      return token;
    } catch (error) {
      const isEnded = error instanceof TokenError && error.code === "ERR_OIDC_REFRESH_REJECTED";
      if (isEnded && (await this.#schemes.session.authenticate(this.#exchange)) === undefined) this.#become(undefined);
      throw error;
    }
  }

  /**
   * Claims of the userinfo endpoint, asked for with a good access token, `sub` checked.
   *
   * @throws as `getAccessToken`; ProviderError `ERR_OIDC_USERINFO_FAILED`
   */
  async fetchUserInfo(): Promise<Claims> {
    const token = await this.#accessToken({});
    return this.#scheme.fetchUserInfo(token);
  }

  get #scheme(): RemoteScheme {
    return this.#schemes.remoteOf(this.#current) ?? this.#schemes.remote();
  }

  #signedIn(): SignedIn {
    if (this.#current !== undefined) return this.#current;
    throw new AuthorizationError("ERR_OIDC_UNAUTHENTICATED", "Nobody is signed in on this request.");
  }

  get #current(): SignedIn | undefined {
    return this.#exchange.current;
  }

  #become(current: SignedIn | undefined): void {
    const { req } = this.#exchange;
    this.#exchange.current = current;
    // What was assigned, by Passport say, would hide the change. What an app's declaration of Express.User adds, its
    // mapUser and transformUser have put there.
    if (Object.hasOwn(req, "user")) req.user = current?.user as Express.User | undefined;
  }

  #assertNotAnswered(what: string): void {
    if (!this.#exchange.res.headersSent) return;
    throw new ConfigurationError(
      "ERR_OIDC_RESPONSE_STARTED",
      `A ${what} answers the response, and this one has been answered already: return after the first answer.`,
    );
  }
}
