import type { Request, RequestHandler } from "express";
import type { SchemeRegistry } from "../authentication/scheme-registry.js";
import { answer } from "./async-answer.js";
import { preparePrototype } from "./passport-methods.js";
import { type BaseUrl, RequestExchange } from "./request-exchange.js";
import { RequestOidc } from "./request-oidc.js";

/**
 * Every request passes here, so it stays synchronous: who is signed in is a cookie lookup and a few property reads.
 * Only our own paths, found by exact comparison, do more.
 */
export function createAuthenticationMiddleware(schemes: SchemeRegistry, baseUrl: BaseUrl | undefined): RequestHandler {
  const { session, endpoints } = schemes;
  return function authentication(req, res, next) {
    preparePrototype(req);
    const exchange = new RequestExchange(req, res, baseUrl);
    const current = session.authenticate(exchange);
    const { url } = req;
    const query = url.indexOf("?");
    const endpoint = endpoints.get(query === -1 ? url : url.slice(0, query));
    // Set in any case: a request whose answer an event skips goes on to the app as any other.
    (req as Request & { oidc: RequestOidc }).oidc = new RequestOidc(exchange, schemes, current);
    if (current !== undefined) req.user = current.user;
    if (endpoint === undefined) next();
    else void answer(() => endpoint(exchange, current), next);
  };
}
