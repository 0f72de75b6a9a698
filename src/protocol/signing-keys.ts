import { OpenIdConnectError, ProviderError } from "../errors.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { type Backchannel, place } from "./backchannel.js";

/** A JSON Web Key Set as the provider publishes it. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** The provider's public keys, fetched when first needed and kept. */
export interface SigningKeys {
  /** The keys at hand, else those of one shared fetch. An aged set is renewed behind the request's back. */
  get(jwksUri: string): Promise<KeySet>;
  /**
   * Fetches again because the set at hand cannot verify a token signed with `kid`: at once for a kid that was not
   * asked for before, at most a few times per `refreshInterval` in all, so that a flood of garbage tokens costs the
   * provider nothing. Answers the set at hand when it may not fetch, or when what came is no good. Each purpose has an
   * allowance of its own: anyone can post a logout token, and must not use up what sign-ins need after a key rotation.
   */
  renewFor(jwksUri: string, kid: string | undefined, purpose?: "sign-in" | "logout"): Promise<KeySet>;
}

/** Different unknown kids that may each cause a fetch within one refresh interval, by purpose. */
const RENEWALS_PER_INTERVAL = 5;

type KeyOptions = Pick<ResolvedOpenIdConnectOptions, "refreshIntervalSeconds" | "now" | "logger">;

export function createSigningKeys(options: KeyOptions, backchannel: Backchannel): SigningKeys {
  const { now, logger, refreshIntervalSeconds } = options;
  let good: { readonly uri: string; readonly set: KeySet; readonly fetchedAt: number } | undefined;
  let inFlight: { readonly uri: string; readonly promise: Promise<KeySet> } | undefined;
  let nextRenewalAt = 0;
  const intervals = new Map<string, { readonly startedAt: number; readonly kids: Set<string> }>();

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
      if (good?.uri !== uri) return load(uri);
      const time = now();
      if (time - good.fetchedAt > refreshIntervalSeconds && time >= nextRenewalAt) {
        nextRenewalAt = time + refreshIntervalSeconds;
        void renew(uri, good.set);
      }
      return good.set;
    },
    async renewFor(uri, kid, purpose = "sign-in") {
      if (good?.uri !== uri) return load(uri);
      const time = now();
      let interval = intervals.get(purpose);
      if (interval === undefined || time - interval.startedAt >= refreshIntervalSeconds) {
        interval = { startedAt: time, kids: new Set() };
        intervals.set(purpose, interval);
      }
      const name = kid ?? "";
      if (interval.kids.has(name) || interval.kids.size >= RENEWALS_PER_INTERVAL) {
        return inFlight?.uri === uri ? renew(uri, good.set) : good.set;
      }
      interval.kids.add(name);
      return renew(uri, good.set);
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
  if (!Array.isArray(keys) || keys.length === 0 || keys.some((key) => typeof key !== "object" || key === null)) {
    throw new ProviderError(
      "ERR_OIDC_PROVIDER_RESPONSE",
      `${place(uri)} (jwks_uri) answered ${response.status} without a list of keys; ID tokens cannot be verified.`,
    );
  }
  return { keys };
}
