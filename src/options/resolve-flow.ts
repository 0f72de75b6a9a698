import { oneOf, quote } from "./checks.js";
import type { OpenIdConnectOptions, ResponseMode, ResponseType } from "./open-id-connect-options.js";
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
