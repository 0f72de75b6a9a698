import type { Request } from "express";
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

/** Gives the request of this exchange its `req.oidc` and Passport's methods. */
export function attachOidc(exchange: RequestExchange): void {
  const { req } = exchange;
  const prototype: object = Object.getPrototypeOf(req);
  if (prototype !== lastPrepared) prepare(prototype);
  if ((req as RequestWithState)[STATE] !== undefined) warnOfSecond(exchange);
  (req as RequestWithState)[STATE] = exchange;
}

/** Two of one request have two sessions, by name or by path, and the first answers for both at the paths they share. */
function warnOfSecond({ publicPath }: RequestExchange): void {
  warnOnce(
    "OIDC_MOUNTED_TWICE",
    `addOpenIdConnect() is mounted twice for requests below ${publicPath === "" ? "/" : publicPath}: the last one alone says who is signed in, and the first one answers the paths that both have. Mount one, once, above all routes that need it.`,
  );
}

const prepared = new WeakSet<object>();
let lastPrepared: object | undefined;

function prepare(prototype: object): void {
  lastPrepared = prototype;
  if (prepared.has(prototype)) return;
  prepared.add(prototype);
  for (const [name, value] of Object.entries(PASSPORT_METHODS)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
  defineLazily(prototype, "oidc", (exchange) => new RequestOidc(exchange, exchange.schemes, exchange.current));
  defineLazily(prototype, "user", (exchange) => exchange.current?.user);
}

/** What is assigned, by Passport or by an app's tests, wins. */
function defineLazily(prototype: object, name: "oidc" | "user", make: (exchange: RequestExchange) => unknown): void {
  const become = (req: object, value: unknown): void => {
    Object.defineProperty(req, name, { value, configurable: true, writable: true, enumerable: true });
  };
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: RequestWithState): unknown {
      const exchange = this[STATE];
      if (exchange === undefined) return undefined;
      const value = make(exchange);
      if (name === "oidc") become(this, value);
      return value;
    },
    set(this: RequestWithState, value: unknown) {
      become(this, value);
    },
  });
}
