import { describe, oneOf, quote, record, textList } from "./checks.js";
import type { OpenIdConnectOptions, ResponseMode, ResponseType } from "./open-id-connect-options.js";
import { type PrivateKeyMaterial, privateKey, type ResolvedPrivateKey } from "./private-key.js";
import type { Problems } from "./problems.js";

/** What is asked of the authorization endpoint, and how its answer comes back. */
export interface ResolvedFlow {
  readonly responseType: ResponseType;
  readonly responseMode: ResponseMode;
}

const RESPONSE_MODES: readonly ResponseMode[] = ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];

export function resolveFlow(problems: Problems, options: OpenIdConnectOptions): ResolvedFlow {
  const responseType = resolveResponseType(problems, options.responseType);
  const fallback = responseType === "code" ? "query" : "form_post";
  const responseMode = oneOf(problems, "responseMode", options.responseMode, RESPONSE_MODES) ?? fallback;
  if (responseType !== "code" && responseMode !== "form_post") {
    // OAuth 2.0 Multiple Response Type Encoding Practices 5: a token must not stand in a query.
    problems.add(
      "responseMode",
      `is "${responseMode}", and responseType "${responseType}" comes back with "form_post" alone.`,
    );
  }
  return { responseType, responseMode };
}

function resolveResponseType(problems: Problems, given: unknown): ResponseType {
  if (given === undefined) return "code";
  // The order of the words means nothing (OAuth 2.0 Multiple Response Types 3).
  const words = typeof given === "string" ? given.split(" ").sort().join(" ") : given;
  if (words === "code" || words === "code id_token" || words === "id_token") return words;
  if (typeof given === "string" && given.split(" ").includes("token")) {
    problems.add(
      "responseType",
      `is "${given}", which carries an access token through the browser, where it leaks. Use "code": the app then gets the token from the provider directly.`,
    );
  } else {
    problems.add("responseType", `must be one of "code", "code id_token", "id_token", is ${quote(given)}.`);
  }
  return "code";
}

/** Whether the provider's answer is a form that the browser posts from the provider's site. */
export function isPosted(mode: ResponseMode): boolean {
  return mode === "form_post" || mode === "form_post.jwt";
}

/** Whether the answer is one signed JWT (JARM). */
export function isSignedAnswer(mode: ResponseMode): boolean {
  return mode === "jwt" || mode === "query.jwt" || mode === "form_post.jwt";
}

/** The key of signed authorization requests (RFC 9101). */
export function requestObjectKey(
  problems: Problems,
  given: OpenIdConnectOptions["requestObject"],
): ResolvedPrivateKey | undefined {
  if (given === undefined) return undefined;
  const { key, ...rest } = record(problems, "requestObject", given) as NonNullable<typeof given>;
  problems.unknownKeys("requestObject", rest, { key: true, kid: true, alg: true });
  if (key === undefined) {
    problems.add("requestObject.key", "is missing: the private key that signs the authorization request.");
    return undefined;
  }
  return privateKey(problems, "requestObject", given, "sign");
}

export function decryptionKeys(
  problems: Problems,
  given: OpenIdConnectOptions["idTokenDecryptionKeys"],
): readonly ResolvedPrivateKey[] {
  if (given === undefined) return [];
  const list = Array.isArray(given) ? given : [given as PrivateKeyMaterial];
  if (list.length === 0) problems.add("idTokenDecryptionKeys", "is an empty list; leave it out, or give a key.");
  return list
    .map((key, position) => privateKey(problems, `idTokenDecryptionKeys[${position}]`, key, "decrypt"))
    .filter((key) => key !== undefined);
}

export function claimsParameter(problems: Problems, given: OpenIdConnectOptions["claims"]): string | undefined {
  if (given === undefined) return undefined;
  const request = record(problems, "claims", given);
  problems.unknownKeys("claims", request, { id_token: true, userinfo: true });
  for (const [name, value] of Object.entries(request)) record(problems, `claims.${name}`, value ?? undefined);
  return JSON.stringify(request);
}

export function authorizationDetails(
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
  return JSON.stringify(given);
}

/** Issuers that ID tokens may name beside the metadata's own. */
export function validIssuers(problems: Problems, given: unknown): readonly string[] | undefined {
  const list = textList(problems, "tokenValidation.validIssuers", given);
  for (const issuer of list ?? []) {
    if (URL.canParse(issuer)) continue;
    problems.add(
      "tokenValidation.validIssuers",
      `holds ${quote(issuer)}, which is no URL; give issuers as tokens name them.`,
    );
  }
  return list;
}
