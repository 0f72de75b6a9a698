import type { Claims, LoginEvidence } from "../model.js";
import { createClient } from "./client.js";
import { assertTokenHash, loginEvidence } from "./id-token.js";
import { type IdTokenChecks, validateIdTokenResponse } from "./id-token-response.js";
import type { Provider } from "./provider.js";
import { idTokenError, translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** An ID token that came through the browser, and what came with it. */
export interface FrontChannelToken extends IdTokenChecks {
  readonly idToken: string;
  readonly state: string;
  /** With response type `code id_token`: the code that the token must vouch for. */
  readonly code: string | undefined;
}

/** Who an ID token of the authorization endpoint names. */
export interface FrontChannelLogin {
  /** The signed JWT. */
  readonly idToken: string;
  readonly claims: Claims;
  readonly evidence: LoginEvidence;
}

/**
 * Validates an ID token of the authorization endpoint in full (OIDC Core 3.2.2.11, 3.3.2.10): what every ID token
 * must pass, then `c_hash`, which ties the code to it, so that nobody can put another user's code beside it, and
 * `s_hash` where there is one.
 *
 * @throws CallbackError `ERR_OIDC_ID_TOKEN_INVALID`
 */
export async function validateFrontChannelToken(
  provider: Provider,
  metadata: CheckedMetadata,
  given: FrontChannelToken,
): Promise<FrontChannelLogin> {
  try {
    // oauth4webapi validates ID tokens of token responses; this is one whose access token nobody will see.
    const response = Response.json({ access_token: "none", token_type: "bearer", id_token: given.idToken });
    const client = createClient(provider, metadata);
    const { idToken, claims } = await validateIdTokenResponse(provider, metadata, client, response, given, false);
    if (given.code !== undefined) {
      assertTokenHash(
        claims["c_hash"],
        idToken,
        given.code,
        "its c_hash is missing, or does not fit the code that came with it",
      );
    }
    if (claims["s_hash"] !== undefined) {
      assertTokenHash(claims["s_hash"], idToken, given.state, "its s_hash does not fit the state that came with it");
    }
    return { idToken, claims, evidence: loginEvidence(claims) };
  } catch (error) {
    throw translateError(error, {
      what: "the authorization endpoint",
      method: "none",
      isSignIn: true,
      secrets: [given.idToken, given.code],
    });
  }
}

/** OIDC Core 3.3.3.6: both tokens of one sign-in are about the same user of the same provider. */
export function assertSameLogin(front: FrontChannelLogin, back: Claims): void {
  if (front.claims["sub"] === back["sub"] && front.claims["iss"] === back["iss"]) return;
  throw idTokenError("the token endpoint's names another user (sub) or issuer (iss) than the authorization endpoint's");
}
