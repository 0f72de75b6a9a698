import { ConfigurationError } from "../errors.js";

/**
 * `app.get("/x", requireAuth, handler)` would make Express call the factory with its request: nobody would pass, or every
 * request would wait for ever.
 *
 * @throws ConfigurationError `ERR_OIDC_GUARD_MISUSED`
 */
export function assertCalled(usage: string, given: readonly unknown[]): void {
  const [req, , next] = given;
  if (typeof next !== "function" || typeof req !== "object" || req === null || !("headers" in req)) return;
  throw new ConfigurationError(
    "ERR_OIDC_GUARD_MISUSED",
    `It stands in a route, or in app.use(), without its call parentheses: write ${usage}, not ${usage.slice(0, usage.indexOf("("))}.`,
  );
}
