import type { CompactVerifyGetKey } from "jose";
import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { compactVerify } from "jose/jws/compact/verify";
import { LogoutTokenError, OpenIdConnectError } from "../errors.js";
import type { Claims } from "../model.js";
import { createDecrypt } from "./decryption.js";
import type { Provider } from "./provider.js";
import type { KeySet } from "./signing-keys.js";
import { expectedIssuer } from "./valid-issuers.js";

/** A logout token that holds in every respect. Times are seconds since the epoch. */
export interface LogoutToken {
  readonly issuer: string;
  readonly subject: string | undefined;
  /** `sid`: the one session at the provider that ended. */
  readonly providerSessionId: string | undefined;
  readonly id: string;
  readonly issuedAtSeconds: number;
  /** From then on this token is refused for its age alone, so that its id need not be remembered. */
  readonly refusedFromSeconds: number;
  readonly claims: Claims;
}

/** Characters. A logout token holds a handful of claims; what is longer is not looked at. */
const MAX_LENGTH = 16_384;

/** Seconds. The specification advises lifetimes of two minutes at most; some providers take five. */
const MAX_AGE_SECONDS = 300;

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/**
 * "JWT" says nothing of the purpose, and widespread providers write it; what says another purpose is refused.
 * "application/" may stand before a type (RFC 7515, 4.1.9).
 */
const TYPES: ReadonlySet<string> = new Set(["logout+jwt", "jwt"]);

/**
 * Validates a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Anyone may post here, so what costs
 * nothing comes first, and the provider is asked for keys on behalf of a token alone that has nothing else against it:
 *
 * 1. Size; decryption, where a key for it is set; form, algorithm and type.
 * 2. `aud`, `exp`, `iat`, `events`, no `nonce`, `sub` or `sid`, `jti`.
 * 3. `iss`, for which the provider's metadata are needed.
 * 4. The signature.
 *
 * @throws LogoutTokenError `ERR_OIDC_LOGOUT_TOKEN_INVALID`, `ERR_OIDC_LOGOUT_FAILED`
 */
export async function validateLogoutToken(provider: Provider, given: string): Promise<LogoutToken> {
  const { options } = provider;
  const token = await signed(provider, given);
  const { header, claims } = split(token);
  const kid = assertHeader(header, options.algorithms);
  const checked = assertClaims(claims, options.clientId, options.now(), options.clockToleranceSeconds);
  try {
    const metadata = await provider.metadata();
    const issuer = expectedIssuer(metadata, options.validIssuers, token);
    if (claims["iss"] !== issuer) throw invalid(`its iss is not this provider (${issuer})`);
    await assertSignature(provider, metadata.jwks_uri, token, kid);
    return { ...checked, issuer, claims: claims as Claims };
  } catch (error) {
    if (error instanceof LogoutTokenError || !(error instanceof OpenIdConnectError)) throw error;
    throw new LogoutTokenError(
      "ERR_OIDC_LOGOUT_FAILED",
      `A logout token could not be verified, and ended no session. ${error.message}`,
      { cause: error, headers: error.headers },
    );
  }
}

interface Parts {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Of a client whose ID tokens are encrypted, logout tokens are too (section 2.4). */
async function signed({ options }: Provider, token: string): Promise<string> {
  if (token.length > MAX_LENGTH) throw invalid(`it has more than ${MAX_LENGTH} characters`);
  if (token.split(".").length !== 5) return token;
  try {
    return await createDecrypt(options.decryptionKeys, "it")(token);
  } catch {
    throw invalid("it is encrypted, and idTokenDecryptionKeys has no key that opens it");
  }
}

function split(token: string): Parts {
  const parts = token.split(".");
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]+$/.test(part))) throw invalid("it is not a signed JWT");
  return { header: json(parts[0]), claims: json(parts[1]) };
}

function json(part: string | undefined): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(part ?? "", "base64url").toString("utf8"));
  } catch {
    throw invalid("it is not a signed JWT");
  }
  if (isObject(value)) return value;
  throw invalid("it is not a signed JWT");
}

/** Answers the `kid`. */
function assertHeader(header: Parts["header"], algorithms: readonly string[]): string | undefined {
  const { alg, typ, kid, crit } = header as Readonly<Record<"alg" | "typ" | "kid" | "crit", unknown>>;
  // "none", and HS256 with a secret that others may know or with the public key as one, would be forgeries.
  if (typeof alg !== "string" || !algorithms.includes(alg)) {
    throw invalid(`its alg is not one of ${algorithms.join(", ")}`);
  }
  if (typ !== undefined && (typeof typ !== "string" || !TYPES.has(typ.toLowerCase().replace(/^application\//, "")))) {
    throw invalid("its typ is not logout+jwt: it was made for another purpose");
  }
  if (crit !== undefined) throw invalid("it asks for extensions (crit), and none is known here");
  if (kid !== undefined && typeof kid !== "string") throw invalid("its kid is not a text");
  return kid;
}

function assertClaims(
  claims: Parts["claims"],
  clientId: string,
  now: number,
  tolerance: number,
): Omit<LogoutToken, "issuer" | "claims"> {
  const { aud, exp, nbf, iat, events, jti } = claims as Readonly<Record<string, unknown>>;
  if (aud !== clientId && !(Array.isArray(aud) && aud.includes(clientId))) {
    throw invalid("its aud does not name this client (clientId)");
  }
  if (!isTime(exp)) throw invalid("it has no exp");
  if (exp <= now - tolerance) throw invalid("it has expired (exp); compare the clocks");
  if (nbf !== undefined && !(isTime(nbf) && nbf <= now + tolerance)) {
    throw invalid("it is not to be used yet (nbf); compare the clocks");
  }
  if (!isTime(iat)) throw invalid("it has no iat");
  if (iat > now + tolerance) throw invalid("it was issued in the future (iat); compare the clocks");
  if (iat < now - tolerance - MAX_AGE_SECONDS) throw invalid(`it was issued more than ${MAX_AGE_SECONDS} s ago (iat)`);
  if (!isObject(events) || !Object.hasOwn(events, EVENT) || !isObject(events[EVENT])) {
    throw invalid(`its events has no member ${EVENT}`);
  }
  // What tells it from an ID token, which anyone who once had one could send here.
  if (Object.hasOwn(claims, "nonce")) throw invalid("it has a nonce, as an ID token has");
  const subject = identifier(claims, "sub");
  const providerSessionId = identifier(claims, "sid");
  if (subject === undefined && providerSessionId === undefined) throw invalid("it has neither sub nor sid");
  if (typeof jti !== "string" || jti === "") throw invalid("it has no jti");
  return {
    subject,
    providerSessionId,
    id: jti,
    issuedAtSeconds: iat,
    refusedFromSeconds: Math.min(exp, iat + MAX_AGE_SECONDS) + tolerance + 1,
  };
}

function identifier(claims: Parts["claims"], name: "sub" | "sid"): string | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`its ${name} is not a text`);
}

/** A key that the set at hand lacks is asked for once; a key that it has is not, however many garbage tokens name it. */
async function assertSignature(
  provider: Provider,
  jwksUri: string,
  token: string,
  kid: string | undefined,
): Promise<void> {
  const { algorithms } = provider.options;
  const atHand = await keysAtHand(provider, jwksUri);
  const found = await verify(token, atHand, algorithms);
  if (found === "verified") return;
  if (found === "no key" || kid === undefined) {
    const renewed = await provider.keys.renewFor(jwksUri, kid, "logout");
    if (renewed !== atHand && (await verify(token, renewed, algorithms)) === "verified") return;
  }
  throw invalid("its signature is not of one of the provider's keys (jwks_uri)");
}

/** Seconds between attempts to fetch keys where there are none. */
const BACK_OFF_SECONDS = 5;

const failures = new WeakMap<Provider, { readonly error: unknown; readonly until: number }>();

/** While the key set cannot be had, the next token's sender does not make us ask again at once. */
async function keysAtHand(provider: Provider, jwksUri: string): Promise<KeySet> {
  const { now } = provider.options;
  const failure = failures.get(provider);
  if (failure !== undefined && failure.until > now()) throw failure.error;
  try {
    const keys = await provider.keys.get(jwksUri);
    failures.delete(provider);
    return keys;
  } catch (error) {
    failures.set(provider, { error, until: now() + BACK_OFF_SECONDS });
    throw error;
  }
}

const resolvers = new WeakMap<KeySet, CompactVerifyGetKey>();

async function verify(
  token: string,
  keys: KeySet,
  algorithms: readonly string[],
): Promise<"verified" | "no key" | "bad signature"> {
  try {
    let resolver = resolvers.get(keys);
    if (resolver === undefined) {
      // Imported keys live as long as the set they came in.
      resolver = createLocalJWKSet(keys as unknown as Parameters<typeof createLocalJWKSet>[0]);
      resolvers.set(keys, resolver);
    }
    await compactVerify(token, resolver, { algorithms: [...algorithms] });
    return "verified";
  } catch (error) {
    if (error instanceof JWKSNoMatchingKey) return "no key";
    if (!(error instanceof JWKSMultipleMatchingKeys)) return "bad signature";
    for await (const key of error) {
      const isSigned = await compactVerify(token, key, { algorithms: [...algorithms] }).catch(() => undefined);
      if (isSigned !== undefined) return "verified";
    }
    return "bad signature";
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function invalid(finding: string): LogoutTokenError {
  return new LogoutTokenError("ERR_OIDC_LOGOUT_TOKEN_INVALID", `The logout token was refused: ${finding}.`);
}
