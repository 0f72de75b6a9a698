import type { IncomingMessage } from "node:http";
import type { MaybePromise, SignedIn } from "../authentication/session-scheme.js";
import type { OpenIdConnectOptions, UserFields } from "../options/open-id-connect-options.js";

/** Queries of many database libraries are no promises, and are awaited like one. */
function isThenable(value: UserFields | PromiseLike<UserFields>): value is PromiseLike<UserFields> {
  return typeof (value as Partial<PromiseLike<UserFields>> | null | undefined)?.then === "function";
}

/**
 * Adds what `transformUser` answers, for this request alone: the session is not touched. Asynchronous only where the
 * app's function is.
 */
export function transformedUser(
  transformUser: OpenIdConnectOptions["transformUser"],
  req: IncomingMessage,
  current: SignedIn | undefined,
): MaybePromise<SignedIn | undefined> {
  if (transformUser === undefined || current === undefined) return current;
  const add = (fields: UserFields): SignedIn =>
    typeof fields === "object" && fields !== null ? { ...current, user: current.user.withFields(fields) } : current;
  const fields = transformUser(current.user, req);
  return isThenable(fields) ? Promise.resolve(fields).then(add) : add(fields);
}
