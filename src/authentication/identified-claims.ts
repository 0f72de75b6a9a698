import { ConfigurationError } from "../errors.js";
import type { Claims } from "../model.js";

/**
 * Claims that the app has had its hands on, as long as they still say who it is: a session of nobody would pass every
 * guard that asks for a user alone.
 *
 * @param by who changed them, for the message
 * @throws ConfigurationError `ERR_OIDC_INVALID_USER`
 */
export function identifiedClaims(claims: Claims | undefined, by: string): Claims {
  if (typeof claims === "object" && typeof claims?.["sub"] === "string" && claims["sub"] !== "") return claims;
  throw new ConfigurationError(
    "ERR_OIDC_INVALID_USER",
    `${by} left claims without sub, a text that is not empty: it is what identifies the user. Leave it in.`,
  );
}
