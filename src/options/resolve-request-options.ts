import { flag, record, seconds, text, textList } from "./checks.js";
import { Problems } from "./problems.js";
import type { AccessTokenOptions, ClientTokenOptions } from "./refresh-options.js";
import type { ChallengeOptions, SignOutOptions } from "./request-options.js";
import { ownParameters, scopes } from "./resolve-parameters.js";

/*
 * What code gives to the methods of `req.oidc`, checked as the options of the start are: a misspelt `max_age` must not
 * be a challenge without one.
 */

/** A challenge's own wishes; what is left out, or empty, comes from the options. */
export interface ResolvedChallenge {
  readonly returnUrl: string | undefined;
  readonly prompt: string | undefined;
  readonly maxAgeSeconds: number | undefined;
  readonly scope: readonly string[] | undefined;
  readonly resource: readonly string[] | undefined;
  readonly loginHint: string | undefined;
  readonly acrValues: readonly string[] | undefined;
  readonly additionalParameters: Readonly<Record<string, string>>;
  readonly state: ChallengeOptions["state"];
}

const CHALLENGE: Readonly<Record<keyof ChallengeOptions, true>> = {
  ...{ scheme: true, returnUrl: true, prompt: true, maxAge: true, scope: true, resource: true, loginHint: true },
  ...{ acrValues: true, additionalParameters: true, state: true },
};

/** @throws ConfigurationError `ERR_OIDC_INVALID_CHALLENGE` that lists everything that is wrong */
export function resolveChallenge(given: unknown): ResolvedChallenge {
  const problems = new Problems();
  const options: ChallengeOptions = record(problems, "options", given);
  problems.unknownKeys("", options, CHALLENGE);
  const resolved: ResolvedChallenge = {
    returnUrl: anyText(problems, "returnUrl", options.returnUrl),
    prompt: text(problems, "prompt", orAbsent(options.prompt)),
    maxAgeSeconds:
      options.maxAge === undefined
        ? undefined
        : seconds(problems, "maxAge", options.maxAge, 0, { least: 0, whole: true }),
    scope: options.scope === undefined ? undefined : scopes(problems, options.scope),
    resource: textList(problems, "resource", orAbsent(options.resource)),
    loginHint: text(problems, "loginHint", orAbsent(options.loginHint)),
    acrValues: textList(problems, "acrValues", orAbsent(options.acrValues)),
    additionalParameters: ownParameters(problems, "additionalParameters", options.additionalParameters),
    state: options.state,
  };
  problems.throwIfAny("challenge()", "ERR_OIDC_INVALID_CHALLENGE");
  return resolved;
}

const SIGN_OUT: Readonly<Record<keyof SignOutOptions, true>> = { returnUrl: true, scheme: true, local: true };

/** @throws ConfigurationError `ERR_OIDC_INVALID_OPTIONS` */
export function assertSignOutOptions(given: unknown): void {
  const problems = new Problems();
  const options: SignOutOptions = record(problems, "options", given);
  problems.unknownKeys("", options, SIGN_OUT);
  anyText(problems, "returnUrl", options.returnUrl);
  text(problems, "scheme", options.scheme);
  flag(problems, "local", options.local, false);
  problems.throwIfAny("signOut()");
}

const TOKEN: Readonly<Record<keyof AccessTokenOptions, true>> = { resource: true, scope: true, forceRefresh: true };

/** @throws ConfigurationError `ERR_OIDC_INVALID_OPTIONS` */
export function assertTokenOptions(method: "getAccessToken()" | "getClientToken()", given: unknown): void {
  const problems = new Problems();
  const options: AccessTokenOptions & ClientTokenOptions = record(problems, "options", given);
  const { forceRefresh, ...shared } = TOKEN;
  problems.unknownKeys("", options, method === "getAccessToken()" ? { ...shared, forceRefresh } : shared);
  text(problems, "resource", options.resource);
  textList(problems, "scope", options.scope);
  flag(problems, "forceRefresh", options.forceRefresh, false);
  problems.throwIfAny(method);
}

/** Where a return URL leads is judged later, with the app's origin at hand. */
function anyText(problems: Problems, path: string, given: unknown): string | undefined {
  return typeof given === "string" ? given : text(problems, path, given);
}

/** What comes from a request, a hint say, may be there and say nothing. */
function orAbsent<Value>(given: Value): Value | undefined {
  return given === "" || (Array.isArray(given) && given.length === 0) ? undefined : given;
}
