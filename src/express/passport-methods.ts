import type { Request } from "express";
import { ConfigurationError } from "../errors.js";
import { asFailure } from "./async-answer.js";
import type { SignInUser } from "./sign-in-user.js";

type Callback = (error?: unknown) => void;

/** `req.isAuthenticated()` and its kin: the methods that Passport made known, so that code written for it works. */
export const PASSPORT_METHODS: Readonly<Record<string, (this: Request, ...given: never[]) => unknown>> = {
  isAuthenticated() {
    return this.user !== undefined && this.user !== null;
  },
  isUnauthenticated() {
    return !this.isAuthenticated();
  },
  login: logIn,
  logIn,
  logout: logOut,
  logOut,
};

function logIn(this: Request, user: SignInUser, options: unknown, callback?: Callback): void {
  const done = typeof options === "function" ? (options as Callback) : callback;
  assertCallback(done, "login(user, callback)");
  finish(async () => oidcOf(this).signIn(user), done);
}

function logOut(this: Request, options: unknown, callback?: Callback): void {
  const done = typeof options === "function" ? (options as Callback) : callback;
  assertCallback(done, "logout(callback)");
  finish(async () => oidcOf(this).signOutLocally(), done);
}

function finish(work: () => Promise<void>, done: Callback): void {
  // Out of the promise: what the callback throws is the app's, and must not come back to it as our error.
  work().then(
    () => process.nextTick(done),
    (error: unknown) => process.nextTick(done, asFailure(error)),
  );
}

function oidcOf(req: Request): Request["oidc"] {
  const { oidc } = req;
  if (oidc !== undefined) return oidc;
  throw new ConfigurationError(
    "ERR_OIDC_MIDDLEWARE_MISSING",
    "This request did not pass addOpenIdConnect(): mount it with app.use() before the routes.",
  );
}

function assertCallback(done: Callback | undefined, usage: string): asserts done is Callback {
  if (typeof done === "function") return;
  throw new ConfigurationError("ERR_OIDC_GUARD_MISUSED", `req.${usage} needs its callback, as Passport's does.`);
}
