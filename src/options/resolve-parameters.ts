import { describe, quote, record, text, textList } from "./checks.js";
import { type ClaimDemands, claimDemands } from "./claim-demands.js";
import type { OpenIdConnectOptions } from "./open-id-connect-options.js";
import type { Problems } from "./problems.js";

/** What authorization and token requests carry beside what the protocol itself puts there. */
export interface ResolvedParameters {
  readonly scope: readonly string[];
  /** Parameters of every authorization request that are sent as they were given. */
  readonly fixedParameters: readonly (readonly [string, string])[];
  /** What `claims` demands of an ID token. */
  readonly claimDemands: ClaimDemands | undefined;
  readonly tokenParameters: Readonly<Record<string, string>>;
}

/** Parameters that belong to the protocol: an app that sets them breaks a check, or a standard option sets them. */
const PROTOCOL_PARAMETERS: ReadonlySet<string> = new Set([
  ...["client_id", "client_secret", "client_assertion", "client_assertion_type", "redirect_uri"],
  ...["response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method"],
  ...["code_verifier", "code", "grant_type", "refresh_token", "request", "request_uri", "max_age", "dpop_jkt"],
]);

export function resolveParameters(problems: Problems, options: OpenIdConnectOptions): ResolvedParameters {
  const fixed = fixedParameters(problems, options);
  return {
    scope: scopes(problems, options.scope),
    fixedParameters: fixed,
    claimDemands: claimDemands(new Map(fixed).get("claims")),
    tokenParameters: ownParameters(problems, "additionalTokenParameters", options.additionalTokenParameters),
  };
}

export function scopes(problems: Problems, given: unknown): readonly string[] {
  const scope = textList(problems, "scope", given) ?? ["openid", "profile"];
  // RFC 6749 3.3: blanks part scopes, and nothing else does.
  const joined = scope.find((name) => /[\s,;]/.test(name));
  if (joined !== undefined) {
    problems.add(
      "scope",
      `holds ${quote(joined)}: give a list with one scope in each entry, or a text with blanks between.`,
    );
  } else if (!scope.includes("openid")) {
    problems.add("scope", 'lacks "openid", without which no one is identified; add it.');
  }
  return scope;
}

function fixedParameters(problems: Problems, options: OpenIdConnectOptions): readonly (readonly [string, string])[] {
  const parameters: [string, string][] = [];
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined) parameters.push([name, value]);
  };
  add("prompt", prompt(problems, options.prompt));
  for (const resource of textList(problems, "resource", options.resource) ?? []) add("resource", resource);
  add("login_hint", text(problems, "loginHint", options.loginHint));
  add("ui_locales", textList(problems, "uiLocales", options.uiLocales)?.join(" "));
  add("display", text(problems, "display", options.display));
  add("claims", claimsParameter(problems, options.claims));
  add("authorization_details", authorizationDetails(problems, options.authorizationDetails));
  const own = ownParameters(problems, "additionalAuthorizationParameters", options.additionalAuthorizationParameters);
  for (const [name, value] of Object.entries(own)) add(name, value);
  return parameters;
}

function prompt(problems: Problems, given: unknown): string | undefined {
  const value = text(problems, "prompt", given);
  const words = value?.trim().split(/\s+/) ?? [];
  if (words.includes("none") && words.length > 1) {
    problems.add("prompt", `is ${quote(value)}, and "none" goes with nothing else (OIDC Core 3.1.2.1).`);
  }
  return value;
}

/** Parameters of the app's own, none of them the protocol's. */
export function ownParameters(problems: Problems, path: string, given: unknown): Readonly<Record<string, string>> {
  const parameters = record(problems, path, given);
  for (const [name, value] of Object.entries(parameters)) {
    if (PROTOCOL_PARAMETERS.has(name))
      problems.add(`${path}.${name}`, "belongs to the protocol and cannot be set here.");
    if (typeof value !== "string") problems.add(`${path}.${name}`, `must be a text, is ${describe(value)}.`);
  }
  return { ...parameters };
}

function claimsParameter(problems: Problems, given: OpenIdConnectOptions["claims"]): string | undefined {
  if (given === undefined) return undefined;
  const request = record(problems, "claims", given);
  problems.unknownKeys("claims", request, { id_token: true, userinfo: true });
  for (const [name, value] of Object.entries(request)) record(problems, `claims.${name}`, value ?? undefined);
  return json(problems, "claims", request);
}

function authorizationDetails(
  problems: Problems,
  given: OpenIdConnectOptions["authorizationDetails"],
): string | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given) || given.length === 0) {
    problems.add("authorizationDetails", `must be a list of objects with a type (RFC 9396), is ${describe(given)}.`);
    return undefined;
  }
  for (const [position, detail] of given.entries()) {
    const type: unknown = (detail as { readonly type?: unknown } | null)?.type;
    if (typeof type === "string" && type !== "") continue;
    problems.add(`authorizationDetails[${position}].type`, "is missing: every entry has one (RFC 9396 2).");
  }
  return json(problems, "authorizationDetails", given);
}

/** What JSON cannot hold (a bigint, say, or an object that contains itself) is told rather than thrown. */
function json(problems: Problems, path: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    problems.add(path, `cannot be written as JSON: ${(error as Error).message.split("\n", 1)[0]}.`);
    return undefined;
  }
}
