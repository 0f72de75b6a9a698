import type { JsonValue } from "../model.js";

/** What an ID token must hold: one of these values for each name, or any value at all (`null`). */
export type ClaimDemands = Readonly<Record<string, readonly JsonValue[] | null>>;

/** Essential as such: the login itself is not what was asked for without them. Of others the provider may have none. */
const ABOUT_THE_LOGIN: ReadonlySet<string> = new Set(["acr", "auth_time"]);

/**
 * What a `claims` parameter asks of the ID token and an answer can be held to (OIDC Core 5.5.1, 5.5.1.1): the values of
 * an essential claim, those of `sub` always, and that essential claims about the login are there. A voluntary claim is a
 * wish, and an essential one about the user may be missing all the same: its scope was refused, or it has no value.
 *
 * @returns `undefined` where there is nothing
 */
export function claimDemands(parameter: unknown): ClaimDemands | undefined {
  const demands = Object.entries(askedOfIdToken(parameter)).flatMap(([name, request]) => {
    const { essential, value, values } = (request ?? {}) as {
      readonly essential?: unknown;
      readonly value?: JsonValue;
      readonly values?: readonly JsonValue[];
    };
    if (essential !== true && name !== "sub") return [];
    const allowed = value !== undefined ? [value] : Array.isArray(values) ? values : undefined;
    if (allowed === undefined && !(essential === true && ABOUT_THE_LOGIN.has(name))) return [];
    return [[name, allowed ?? null] as const];
  });
  return demands.length === 0 ? undefined : Object.fromEntries(demands);
}

function askedOfIdToken(parameter: unknown): object {
  try {
    const request: unknown = JSON.parse(String(parameter));
    const asked = (request as { readonly id_token?: unknown } | null)?.id_token;
    return typeof asked === "object" && asked !== null ? asked : {};
  } catch {
    // An event, or a single challenge, may send anything as `claims`: what is no JSON asks for nothing.
    return {};
  }
}
