import type { Application, Request } from "express";
import { warnOnce } from "../warnings.js";
import { PASSPORT_METHODS } from "./passport-methods.js";
import type { RequestExchange } from "./request-exchange.js";
import { RequestOidc } from "./request-oidc.js";

/*
 * What a request gains stands on the prototype that the app's requests share: Express gives each request a prototype of
 * its own making, after which every further property costs more than finding the session does. So there is one, and
 * `req.oidc` is made when it is first touched.
 */

const STATE = Symbol("add-openid-connect");

type RequestWithState = Request & { [STATE]?: RequestExchange | undefined };

/**
 * Gives the request of this exchange its `req.oidc` and Passport's methods. Of several middlewares that see one request,
 * as one on the app and one below a path, the last is who answers.
 */
export function attachOidc(exchange: RequestExchange): void {
  const { req } = exchange;
  const prototype: object = Object.getPrototypeOf(req);
  if (prototype !== lastPrepared) prepare(prototype, req.app);
  const above = (req as RequestWithState)[STATE];
  if (above !== undefined) warnOfSecond(above, exchange);
  (req as RequestWithState)[STATE] = exchange;
}

/** Two at one place have two sessions or share one, and the first answers for both at the paths that they share. */
function warnOfSecond(above: RequestExchange, { publicPath }: RequestExchange): void {
  if (above.publicPath !== publicPath) return;
  warnOnce(
    "OIDC_MOUNTED_TWICE",
    `addOpenIdConnect() is mounted twice for requests below ${publicPath === "" ? "/" : publicPath}: the last one alone says who is signed in, and the first one answers the paths that both have. Mount one, once, above all routes that need it.`,
  );
}

const prepared = new WeakSet<object>();
let lastPrepared: object | undefined;

function prepare(prototype: object, app: Application): void {
  lastPrepared = prototype;
  if (prepared.has(prototype)) return;
  prepared.add(prototype);
  const shared = sharedPrototype(prototype, app);
  for (const [name, value] of Object.entries(PASSPORT_METHODS)) {
    Object.defineProperty(shared, name, { value, configurable: true, writable: true });
  }
  defineLazily(shared, "oidc", (exchange) => (exchange.oidc ??= new RequestOidc(exchange)));
  defineLazily(shared, "user", (exchange) => exchange.current?.user);
}

/** What Express does not tell of its types. */
type MountedApp = Application & { readonly parent?: MountedApp; readonly request: object };

/** A mounted app's requests go on to the app around it, which is to find there what was given to them inside. */
function sharedPrototype(prototype: object, app: Application): object {
  let outermost = app as MountedApp;
  while (outermost.parent !== undefined) outermost = outermost.parent;
  return Object.prototype.isPrototypeOf.call(outermost.request, prototype) ? outermost.request : prototype;
}

/** What is assigned, by Passport or by an app's tests, wins. */
function defineLazily(prototype: object, name: "oidc" | "user", make: (exchange: RequestExchange) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: RequestWithState): unknown {
      const exchange = this[STATE];
      return exchange === undefined ? undefined : make(exchange);
    },
    set(this: RequestWithState, value: unknown) {
      Object.defineProperty(this, name, { value, configurable: true, writable: true, enumerable: true });
    },
  });
}
