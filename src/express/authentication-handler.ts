import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler } from "express";
import type { SchemeRegistry } from "../authentication/scheme-registry.js";
import { ConfigurationError } from "../errors.js";
import type { OpenIdConnectOptions } from "../options/open-id-connect-options.js";
import { createAuthenticationMiddleware } from "./authentication-middleware.js";
import { BareExchange, learnMountPoint, type MountPoint } from "./bare-exchange.js";
import type { BaseUrl } from "./request-exchange.js";
import { transformedUser } from "./transformed-user.js";

/**
 * Whose sessions end: all of a user by the provider's `sub`, those of one session at the provider by its `sid`, or one
 * by the `sessionId` that `req.oidc.sessionId` told.
 */
export type SessionsToRevoke =
  | { readonly sub: string; readonly sid?: undefined; readonly sessionId?: undefined }
  | { readonly sid: string; readonly sub?: undefined; readonly sessionId?: undefined }
  | { readonly sessionId: string; readonly sub?: undefined; readonly sid?: undefined };

/** The middleware, and what can be asked of it outside a request. */
export interface AuthenticationHandler extends RequestHandler {
  /**
   * Who is signed in on a request that no Express app has seen, such as the upgrade to a WebSocket; `undefined` when
   * nobody is. Behind a proxy that ends TLS, set `baseUrl`, so that the right cookie is read.
   *
   * @throws OpenIdConnectError when the session store does not answer
   */
  authenticate(req: IncomingMessage): Promise<Express.User | undefined>;
  /**
   * Ends sessions from code: those that have begun by now. Sessions in the cookie end in this process alone, unless
   * `session.revocations` or `session.store` is shared.
   *
   * @throws ConfigurationError `ERR_OIDC_INVALID_REVOCATION` unless exactly one of the three is given
   */
  revoke(sessions: SessionsToRevoke): Promise<void>;
}

export function createAuthenticationHandler(
  schemes: SchemeRegistry,
  baseUrl: BaseUrl | undefined,
  transformUser: OpenIdConnectOptions["transformUser"],
  now: () => number,
): AuthenticationHandler {
  const mount: MountPoint = {};
  const middleware = createAuthenticationMiddleware(schemes, baseUrl, transformUser);
  const { session } = schemes;
  return Object.assign(
    function authentication(req: Request, res, next) {
      if (mount.app === undefined) learnMountPoint(mount, req);
      return middleware(req, res, next);
    } as RequestHandler,
    {
      async authenticate(req: IncomingMessage) {
        const current = await session.authenticate(new BareExchange(req, baseUrl, mount));
        const { user } = (await transformedUser(transformUser, req, current)) ?? {};
        return user as Express.User | undefined;
      },
      async revoke(sessions: SessionsToRevoke) {
        const { kind, value } = assertOne(sessions);
        if (kind === "sessionId") return session.revoke({ sessionId: value });
        const issuers = await Promise.all(schemes.remotes.map((remote) => remote.issuer()));
        // The provider knows nothing of it, and may go on with the same `sid`: who signs in again must not be out at once.
        const whose = { [kind === "sub" ? "subject" : "providerSessionId"]: value, beforeSeconds: now() };
        // Without an issuer too: one whom the app itself signed in has none.
        for (const issuer of new Set([undefined, ...issuers])) await session.revoke({ ...whose, issuer });
      },
    },
  );
}

/** A key that is undefined by mistake must not end the sessions of nobody, silently. */
function assertOne(given: unknown): { readonly kind: "sub" | "sid" | "sessionId"; readonly value: string } {
  const found = Object.entries((given ?? {}) as object).filter(([, value]) => value !== undefined);
  const [first] = found;
  if (first !== undefined && found.length === 1) {
    const [kind, value] = first;
    if ((kind === "sub" || kind === "sid" || kind === "sessionId") && typeof value === "string" && value !== "") {
      return { kind, value };
    }
  }
  throw new ConfigurationError(
    "ERR_OIDC_INVALID_REVOCATION",
    "revoke() takes exactly one of { sub }, { sid } and { sessionId }, a text that is not empty.",
  );
}
