import type { NextFunction, Request, RequestHandler, Response } from "express";
import {
  claimRequirement,
  type Requirement,
  roleRequirement,
  type Subject,
  scopeRequirement,
} from "../authorization/requirement.js";
import { ConfigurationError } from "../errors.js";
import type { JsonValue } from "../model.js";
import { warnOnce } from "../warnings.js";
import { assertCalled } from "./assert-called.js";
import { asFailure } from "./async-answer.js";

/** What `authorize` gives to its predicate. */
export interface AuthorizationContext {
  readonly user: Express.User;
  readonly req: Request;
}

/** Anyone who is signed in passes; anyone else is challenged. */
export function requireAuth(...misused: readonly never[]): RequestHandler {
  assertCalled("requireAuth()", misused);
  assertNothingElse("requireAuth() takes nothing: who has to be more than signed in is told by the others.", misused);
  return guard("requireAuth()", undefined);
}

/** Passes who has any of the roles; 403 for others who are signed in, a challenge for the rest. */
export function requireRole(...roles: readonly string[]): RequestHandler {
  assertCalled('requireRole("admin")', roles);
  assertTexts("requireRole", "a role", roles);
  return guard("requireRole()", roleRequirement(roles));
}

/** Passes who has the claim, with any of the values where some are given. */
export function requireClaim(type: string, ...values: readonly JsonValue[]): RequestHandler {
  assertCalled('requireClaim("dept", "hr")', [type, ...values]);
  assertTexts("requireClaim", "a claim", [type]);
  if (values.some((value) => typeof value === "object" && value !== null)) {
    throw new ConfigurationError(
      "ERR_OIDC_GUARD_MISUSED",
      'requireClaim() takes the values one by one, requireClaim("dept", "hr", "it"); for what is no text, number or boolean use authorize(({ user }) => …).',
    );
  }
  return guard("requireClaim()", claimRequirement(type, values));
}

/** Passes whose sign-in was granted all of the scopes. */
export function requireScope(...scopes: readonly string[]): RequestHandler {
  assertCalled('requireScope("api1")', scopes);
  assertTexts("requireScope", "a scope", scopes);
  return guard("requireScope()", scopeRequirement(scopes));
}

/** Passes for whom the predicate answers true; anything but true refuses. Signed-in users alone reach it. */
export function authorize(
  predicate: (context: AuthorizationContext) => boolean | Promise<boolean>,
  ...misused: readonly never[]
): RequestHandler {
  assertCalled("authorize(({ user }) => …)", [predicate, ...misused]);
  assertNothingElse("authorize() takes one function alone.", misused);
  if (typeof predicate !== "function") {
    throw new ConfigurationError("ERR_OIDC_GUARD_MISUSED", "authorize() needs a function: authorize(({ user }) => …).");
  }
  return (req, res, next) => {
    const { oidc } = withMiddleware("authorize()", req);
    if (!oidc.isAuthenticated()) {
      oidc.challenge({}, next);
      return;
    }
    // Not async: the predicate's own error may be thrown at once or come as a rejection, and both are Express's.
    decide(
      async () => (await predicate({ user: oidc.user, req })) === true,
      res,
      next,
      () => {
        oidc.refuse("This user may not do this (authorize).", next);
      },
    );
  };
}

function decide(work: () => Promise<boolean>, res: Response, next: NextFunction, refuse: () => void): void {
  work().then(
    (isAllowed) => {
      // A predicate that answered the response itself has had the last word.
      if (res.headersSent) return;
      if (isAllowed) next();
      else refuse();
    },
    (error: unknown) => next(asFailure(error)),
  );
}

function guard(name: string, requirement: Requirement | undefined): RequestHandler {
  return (req, _res, next) => {
    const { oidc } = withMiddleware(name, req);
    if (!oidc.isAuthenticated()) {
      oidc.challenge({}, next);
      return;
    }
    const subject: Subject = { user: oidc.user, grantedScopes: oidc.grantedScopes };
    if (requirement === undefined || requirement.isMetBy(subject)) {
      next();
      return;
    }
    const advice = requirement.advice?.(subject);
    if (advice !== undefined) warnOnce("OIDC_ROLE_CLAIM", advice);
    oidc.refuse(`This needs ${requirement.description}, which this user does not have.`, next);
  };
}

function withMiddleware(name: string, req: Request): Request {
  if (req.oidc !== undefined) return req;
  throw new ConfigurationError(
    "ERR_OIDC_MIDDLEWARE_MISSING",
    `${name} guards ${req.method} ${req.baseUrl}${req.path}, and addOpenIdConnect() has not seen this request. Mount it before the route: app.use(addOpenIdConnect({ … })), on the app or on a router above.`,
  );
}

/** What is ignored would look like a rule, and be none. */
function assertNothingElse(message: string, given: readonly unknown[]): void {
  if (given.some((value) => value !== undefined)) throw new ConfigurationError("ERR_OIDC_GUARD_MISUSED", message);
}

function assertTexts(name: string, what: string, given: readonly unknown[]): void {
  if (given.length > 0 && given.every((value) => typeof value === "string" && value !== "")) return;
  throw new ConfigurationError("ERR_OIDC_GUARD_MISUSED", `${name}() needs ${what} as a text that is not empty.`);
}
