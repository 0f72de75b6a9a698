import { createHash, timingSafeEqual } from "node:crypto";
import type { Claims, LoginEvidence } from "../model.js";
import { isTooDeep } from "./claim-depth.js";
import { jsonPart } from "./jwt-json.js";
import { idTokenError } from "./provider-errors.js";

/** What the checks below compare with. */
export interface IdTokenExpectations {
  readonly clientId: string;
  readonly nowSeconds: number;
  readonly clockToleranceSeconds: number;
  /** What the authorization request asked for. */
  readonly maxAgeSeconds: number | undefined;
}

/** Types of tokens that the same keys sign (RFC 8725 3.11): none of them is meant to sign anyone in. */
const OTHER_KINDS: ReadonlySet<string> = new Set([
  ...["at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"],
]);

/**
 * What openid-client leaves out of OIDC Core 3.1.3.7, once its own checks (issuer, audience, expiry, nonce,
 * signature) have passed: azp with a single audience (steps 4 and 5), iat in the future (10), auth_time (13), at_hash
 * (3.1.3.8).
 *
 * @throws CallbackError `ERR_OIDC_ID_TOKEN_INVALID`
 */
export function assertIdToken(
  claims: Claims,
  idToken: string,
  accessToken: string | undefined,
  expected: IdTokenExpectations,
): void {
  const { typ } = jsonPart(idToken);
  if (typeof typ === "string" && OTHER_KINDS.has(typ.toLowerCase().replace(/^application\//, ""))) {
    throw idTokenError("its header says that it is another kind of token (typ)");
  }
  if (claims["sub"] === "") throw idTokenError("its sub is empty");
  if (isTooDeep(claims)) throw idTokenError("its claims are nested too deeply");
  if (claims["azp"] !== undefined && claims["azp"] !== expected.clientId) {
    throw idTokenError("its azp names another client than clientId");
  }
  const latest = expected.nowSeconds + expected.clockToleranceSeconds;
  const issuedAt = claims["iat"];
  if (typeof issuedAt !== "number" || issuedAt > latest) {
    const ahead = typeof issuedAt === "number" ? Math.round(issuedAt - expected.nowSeconds) : 0;
    throw idTokenError(
      `it was issued ${ahead} s in the future (iat). This machine's clock is behind, or the provider's is ahead; tokenValidation.clockTolerance is ${expected.clockToleranceSeconds} s`,
    );
  }
  assertAuthTime(claims["auth_time"], expected, latest);
  if (claims["at_hash"] !== undefined && accessToken !== undefined) {
    assertTokenHash(
      claims["at_hash"],
      idToken,
      accessToken,
      "its at_hash does not fit the access token that came with it",
    );
  }
}

function assertAuthTime(authTime: unknown, expected: IdTokenExpectations, latest: number): void {
  const { maxAgeSeconds } = expected;
  if (authTime === undefined && maxAgeSeconds === undefined) return;
  if (authTime === undefined) {
    throw idTokenError("max_age was sent, and the token has no auth_time that would show how old the login is");
  }
  if (typeof authTime !== "number" || !Number.isSafeInteger(authTime) || authTime < 0) {
    throw idTokenError("its auth_time is not a whole number of seconds");
  }
  if (authTime > latest) throw idTokenError("its auth_time is in the future; compare the clocks");
  if (maxAgeSeconds !== undefined && authTime + maxAgeSeconds < expected.nowSeconds - expected.clockToleranceSeconds) {
    throw idTokenError(`the login is older than max_age (${maxAgeSeconds} s) allows`);
  }
}

/** Hash of an algorithm's at_hash and c_hash (OIDC Core 3.1.3.6): the one that its signature uses. */
const HASHES: Readonly<Record<string, string>> = { "256": "sha256", "384": "sha384", "512": "sha512" };

/** `at_hash`, `c_hash`, `s_hash`: the left half of the hash of what came with the token (OIDC Core 3.3.2.11). */
export function assertTokenHash(given: unknown, idToken: string, hashed: string, finding: string): void {
  const { alg } = jsonPart(idToken) as { readonly alg: string };
  // Ed25519 signs with SHA-512.
  const digest = createHash(HASHES[alg.slice(-3)] ?? "sha512")
    .update(hashed)
    .digest();
  const half = digest.subarray(0, digest.length / 2);
  const sent = Buffer.from(typeof given === "string" ? given : "", "base64url");
  if (sent.length !== half.length || !timingSafeEqual(sent, half)) {
    throw idTokenError(finding);
  }
}

/** The facts about a login that the session keeps, whatever the claim actions delete. */
export function loginEvidence(claims: Claims): LoginEvidence {
  const text = (name: string) => (typeof claims[name] === "string" ? claims[name] : undefined);
  const { auth_time: authTime, amr } = claims;
  return {
    issuer: String(claims["iss"]),
    subject: String(claims["sub"]),
    providerSessionId: text("sid"),
    authTimeSeconds: typeof authTime === "number" ? authTime : undefined,
    acr: text("acr"),
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === "string") : undefined,
  };
}
