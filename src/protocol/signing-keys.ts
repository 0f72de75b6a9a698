import { OpenIdConnectError, ProviderError } from "../errors.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { type Backchannel, place } from "./backchannel.js";

/** A JSON Web Key Set as the provider publishes it. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** The provider's public keys, fetched when first needed and kept. */
export interface SigningKeys {
  /**
   * The keys at hand, else those of one shared fetch. An aged set, or one that new metadata has moved, is renewed behind
   * the request's back: whatever is wrong at the new place, the good set stays.
   */
  get(jwksUri: string): Promise<KeySet>;
  /**
   * Fetches again because the set at hand cannot verify a token signed with `kid`: at once for a kid that was not
   * asked for before, at most a few times per `refreshInterval` in all, so that a flood of garbage tokens costs the
   * provider nothing. Answers the set at hand when it may not fetch, or when what came is no good. Each purpose has an
   * allowance of its own: anyone can post a logout token, and must not use up what sign-ins need after a key rotation.
   */
  renewFor(jwksUri: string, kid: string | undefined, purpose?: "sign-in" | "logout"): Promise<KeySet>;
}

/** Fetches that unknown kids may cause within one refresh interval, by purpose. */
const RENEWALS_PER_INTERVAL = 5;

type KeyOptions = Pick<ResolvedOpenIdConnectOptions, "refreshIntervalSeconds" | "now" | "logger">;

export function createSigningKeys(options: KeyOptions, backchannel: Backchannel): SigningKeys {
  const { now, logger, refreshIntervalSeconds } = options;
  let good: { readonly uri: string; readonly set: KeySet; readonly fetchedAt: number } | undefined;
  let inFlight: { readonly uri: string; readonly promise: Promise<KeySet> } | undefined;
  let nextRenewalAt = 0;
  const intervals = new Map<string, { readonly startedAt: number; readonly kids: Set<string>; renewals: number }>();

  const load = (uri: string): Promise<KeySet> => {
    if (inFlight?.uri === uri) return inFlight.promise;
    const promise = fetchKeySet(uri, backchannel)
      .then((set) => {
        good = { uri, set, fetchedAt: now() };
        return set;
      })
      .finally(() => {
        if (inFlight?.promise === promise) inFlight = undefined;
      });
    inFlight = { uri, promise };
    return promise;
  };

  const renew = (uri: string, atHand: KeySet): Promise<KeySet> =>
    load(uri).catch((error: unknown) => {
      logger?.warn?.(
        { event: "keys_renewal_failed", code: error instanceof OpenIdConnectError ? error.code : undefined },
        "The provider's keys could not be renewed; those at hand stay in use.",
      );
      return atHand;
    });

  return {
    async get(uri) {
      if (good === undefined) return load(uri);
      const time = now();
      const isDue = good.uri !== uri || time - good.fetchedAt > refreshIntervalSeconds;
      if (isDue && time >= nextRenewalAt) {
        nextRenewalAt = time + refreshIntervalSeconds;
        void renew(uri, good.set);
      }
      return good.set;
    },
    async renewFor(uri, kid, purpose = "sign-in") {
      if (good === undefined) return load(uri);
      const time = now();
      let interval = intervals.get(purpose);
      // A clock that was set back ends it too.
      const age = time - (interval?.startedAt ?? Number.NEGATIVE_INFINITY);
      if (interval === undefined || age >= refreshIntervalSeconds || age < 0) {
        interval = { startedAt: time, kids: new Set(), renewals: 0 };
        intervals.set(purpose, interval);
      }
      const name = kid ?? "";
      const atHand = good.set;
      if (interval.kids.has(name) || interval.renewals >= RENEWALS_PER_INTERVAL) {
        return inFlight?.uri === uri ? renew(uri, atHand) : atHand;
      }
      interval.kids.add(name);
      interval.renewals++;
      const renewed = await renew(uri, atHand);
      // A fetch that failed has told nothing of the kid: the next login may try again, within the same allowance.
      if (renewed === atHand) interval.kids.delete(name);
      return renewed;
    },
  };
}

async function fetchKeySet(uri: string, backchannel: Backchannel): Promise<KeySet> {
  const response = await backchannel(uri, {
    method: "GET",
    headers: { accept: "application/json, application/jwk-set+json" },
  });
  const document: unknown = response.status === 200 ? await response.json().catch(() => undefined) : undefined;
  const keys = (document as { readonly keys?: unknown } | null | undefined)?.keys;
  const usable = Array.isArray(keys) ? keys.filter(isObject).map(tidied).filter(canVerify) : [];
  // A set without any such key is no better than none, and must not take a good one's place.
  if (usable.length > 0) return { keys: usable };
  throw new ProviderError(
    "ERR_OIDC_PROVIDER_RESPONSE",
    `${place(uri)} (jwks_uri) answered ${response.status} without a list of public signature keys; ID tokens cannot be verified.`,
  );
}

type Jwk = KeySet["keys"][number];

function isObject(value: unknown): value is Jwk {
  return typeof value === "object" && value !== null;
}

/**
 * A key as the verification takes it: some providers write out members that are null; and an Ed25519 key has one
 * algorithm under two names (RFC 9864), of which key and token may each say another.
 */
function tidied(key: Jwk): Jwk {
  return Object.fromEntries(
    Object.entries(key).filter(([name, value]) => value !== null && !(name === "alg" && key["crv"] === "Ed25519")),
  );
}

/** The member that a public key of a type cannot do without (RFC 7518 6, RFC 8037 2), of the length that is safe. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly [name: string, leastCharacters: number]>> = {
  // 2048 bits.
  RSA: ["n", 342],
  EC: ["x", 43],
  OKP: ["x", 43],
};

/**
 * What does not verify is passed over (RFC 7517 5). A private key is nobody's proof once it is published, and a shared
 * one never was.
 */
function canVerify({ kty, use, d, ...members }: Jwk): boolean {
  if (typeof kty !== "string" || use === "enc" || d !== undefined || !Object.hasOwn(PUBLIC_MEMBERS, kty)) return false;
  const [name, least] = PUBLIC_MEMBERS[kty] ?? ["", 0];
  const member = members[name];
  return typeof member === "string" && member.length >= least && /^[\w-]+$/.test(member);
}
