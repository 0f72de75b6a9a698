import { createCookieScheme } from "../authentication/cookie-scheme.js";
import { createMountedSessionScheme } from "../authentication/mounted-session-scheme.js";
import { createSchemeRegistry } from "../authentication/scheme-registry.js";
import { withSessionEvents } from "../authentication/session-events.js";
import type { SessionScheme } from "../authentication/session-scheme.js";
import { createStoreScheme } from "../authentication/store-scheme.js";
import type { Ticket } from "../model.js";
import { createDeferredScheme } from "../openid-connect/deferred-scheme.js";
import { forgetKeptSession } from "../openid-connect/kept-session.js";
import { createRemote, type Remote } from "../openid-connect/remote.js";
import { warnOfLogoutReach } from "../options/logout-reach.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import type { ResolvedSessionOptions } from "../options/resolve-session-options.js";
import { User } from "../user.js";
import { type AuthenticationHandler, createAuthenticationHandler } from "./authentication-handler.js";

/** Collects schemes under their names; what comes out is one middleware. Options come in resolved. */
export class AuthenticationBuilder {
  #cookie: ResolvedSessionOptions | undefined;
  readonly #remotes = new Map<string, ResolvedOpenIdConnectOptions>();

  addCookie(options: ResolvedSessionOptions): this {
    this.#cookie = options;
    return this;
  }

  addOpenIdConnect(name: string, options: ResolvedOpenIdConnectOptions): this {
    this.#remotes.set(name, options);
    return this;
  }

  build(): AuthenticationHandler {
    const cookie = this.#cookie;
    const [first] = this.#remotes.values();
    if (cookie === undefined || first === undefined) throw new TypeError("A cookie and a remote scheme are needed.");
    // One whom the app itself signed in is read by the default scheme's claim types.
    const createUser = (ticket: Ticket): User => new User(ticket, this.#remotes.get(ticket.scheme) ?? first);
    const isLogoutExpected = () =>
      remotes.some(({ provider, options }) => {
        return options.paths.backchannelLogout !== undefined && provider.supportsBackchannelLogout();
      });
    const session = withSessionEvents(
      createSessionScheme(cookie, first, createUser, isLogoutExpected),
      cookie.events,
      (exchange) => {
        for (const remote of remotes) forgetKeptSession(remote, exchange);
      },
    );
    for (const options of this.#remotes.values()) warnOfLogoutReach(cookie, options);
    const remotes: readonly Remote[] = [...this.#remotes].map(([name, options]) =>
      createRemote(name, options, session, cookie),
    );
    const registry = createSchemeRegistry(session, remotes.map(createDeferredScheme));
    return createAuthenticationHandler(registry, first.baseUrl, first.transformUser, first.now);
  }
}

/** Where sessions live: in the cookie, in a store, or in the app's own express-session. */
function createSessionScheme(
  options: ResolvedSessionOptions,
  { now, logger, transaction }: ResolvedOpenIdConnectOptions,
  createUser: (ticket: Ticket) => User,
  isLogoutExpected: () => boolean,
): SessionScheme {
  if (options.isMounted) return createMountedSessionScheme(options, transaction.secrets ?? [], now, createUser);
  const { store } = options;
  if (store === undefined) return createCookieScheme(options, now, createUser);
  const onTouchFailed = (error: Error) => {
    logger?.warn?.({ event: "session_touch_failed" }, error.message);
  };
  return createStoreScheme({ options, store, now, createUser, isLogoutExpected, onTouchFailed });
}
