import type { TicketDraft } from "../authentication/session-scheme.js";
import { ConfigurationError } from "../errors.js";
import type { Claims, JsonValue, Ticket } from "../model.js";
import type { SignInOptions } from "../options/request-options.js";

/** A user as code gives one: with `claims` beside fields of the app's own, or the claims themselves. */
export type SignInUser =
  | { readonly sub: string; readonly claims: Claims; readonly [field: string]: unknown }
  | { readonly sub: string; readonly [claim: string]: unknown };

/** The scheme of those whom the app itself signed in. */
const LOCAL_SCHEME = "cookies";

/** Members of `User` that come out of the claims. */
const DERIVED = new Set(["sub", "name", "roles", "claims", "scheme"]);

/** A ticket for a user whom code signs in. One and the same person keeps what their login proved. */
export function localTicket(user: SignInUser, before: Ticket | undefined, options: SignInOptions): TicketDraft {
  const { claims, userFields } = split(user);
  const isSame = before !== undefined && before.claims["sub"] === claims["sub"];
  const expiresAt = options.expiresAt instanceof Date ? options.expiresAt.getTime() / 1000 : options.expiresAt;
  if (expiresAt !== undefined && expiresAt !== null && !Number.isFinite(expiresAt)) {
    throw new ConfigurationError("ERR_OIDC_INVALID_USER", "expiresAt must be a date, or seconds since the epoch.");
  }
  return {
    ...(isSame && { evidence: before.evidence, grantedScopes: before.grantedScopes }),
    scheme: isSame ? before.scheme : LOCAL_SCHEME,
    claims,
    areClaimsOfApp: true,
    userFields,
    items: options.items,
    isPersistent: options.isPersistent,
    expiresAtSeconds: expiresAt ?? undefined,
  };
}

function split(user: SignInUser): Pick<TicketDraft, "claims" | "userFields"> {
  const given: unknown = user;
  if (typeof given !== "object" || given === null || typeof user.sub !== "string" || user.sub === "") {
    throw new ConfigurationError(
      "ERR_OIDC_INVALID_USER",
      "A sign-in needs a user with sub, a text that is not empty: it is what identifies them.",
    );
  }
  const { claims } = user;
  const isUser = typeof claims === "object" && claims !== null && !Array.isArray(claims);
  const own = Object.entries(json(user)).filter(([name]) => !isUser || !DERIVED.has(name));
  if (!isUser) return { claims: Object.fromEntries(own), userFields: undefined };
  return {
    claims: { ...json(claims), sub: user.sub },
    userFields: own.length === 0 ? undefined : Object.fromEntries(own),
  };
}

/** What JSON keeps of it, as the ticket will: what cannot be kept is an error here, not a surprise later. */
function json(value: object): Readonly<Record<string, JsonValue>> {
  try {
    return JSON.parse(JSON.stringify(value)) as Readonly<Record<string, JsonValue>>;
  } catch (cause) {
    throw new ConfigurationError("ERR_OIDC_INVALID_USER", "A user who signs in must be made of JSON values.", {
      cause,
    });
  }
}
