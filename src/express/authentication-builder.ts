import { createCookieScheme } from "../authentication/cookie-scheme.js";
import { createSchemeRegistry } from "../authentication/scheme-registry.js";
import type { SessionScheme } from "../authentication/session-scheme.js";
import { createOpenIdConnectScheme } from "../openid-connect/open-id-connect-scheme.js";
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
    const session: SessionScheme = createCookieScheme(cookie, first.now, (ticket) => {
      // One whom the app itself signed in is read by the default scheme's claim types.
      return new User(ticket, this.#remotes.get(ticket.scheme) ?? first);
    });
    for (const options of this.#remotes.values()) warnOfLogoutReach(cookie, options);
    const remotes = [...this.#remotes].map(([name, options]): Remote => createRemote(name, options, session, cookie));
    const registry = createSchemeRegistry(session, remotes.map(createOpenIdConnectScheme));
    return createAuthenticationHandler(registry, first.baseUrl);
  }
}
