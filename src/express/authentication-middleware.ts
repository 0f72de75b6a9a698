import type { RequestHandler } from "express";
import type { SchemeRegistry } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import type { OpenIdConnectOptions } from "../options/open-id-connect-options.js";
import { answer, type Next } from "./async-answer.js";
import { type BaseUrl, RequestExchange } from "./request-exchange.js";
import { attachOidc } from "./request-members.js";
import { transformedUser } from "./transformed-user.js";

/**
 * Every request passes here, so it stays synchronous: who is signed in is a cookie lookup and a few property reads.
 * Only our own paths, found by exact comparison, do more.
 */
export function createAuthenticationMiddleware(
  schemes: SchemeRegistry,
  baseUrl: BaseUrl | undefined,
  transformUser: OpenIdConnectOptions["transformUser"],
): RequestHandler {
  const { session, endpoints } = schemes;

  const proceed = (exchange: RequestExchange, current: SignedIn | undefined, next: Next): void => {
    const { url } = exchange;
    // In any case: a request whose answer an event skips goes on to the app as any other.
    exchange.current = current;
    attachOidc(exchange);
    const query = url.indexOf("?");
    const endpoint = endpoints.get(query === -1 ? url : url.slice(0, query));
    if (endpoint === undefined) next();
    else void answer(() => endpoint(exchange, current), next);
  };

  const later = (exchange: RequestExchange, work: () => Promise<SignedIn | undefined>, next: Next): void => {
    void answer(async () => {
      const found = await work();
      // Out of the promise: what comes after is Express's business, and its errors are too.
      process.nextTick(proceed, exchange, found, next);
      return "answered";
    }, next);
  };

  return function authentication(req, res, next) {
    const exchange = new RequestExchange(req, res, schemes, baseUrl);
    const current = session.authenticate(exchange);
    if (current instanceof Promise) {
      later(exchange, async () => transformedUser(transformUser, req, await current), next);
      return;
    }
    const user = transformedUser(transformUser, req, current);
    if (user instanceof Promise) later(exchange, () => user, next);
    else proceed(exchange, user, next);
  };
}
