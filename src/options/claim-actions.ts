import type { Claims, JsonValue } from "../model.js";

/** One step from what the provider said to `user.claims`. */
interface ClaimAction {
  /** The claim that it is about; `undefined` for all. */
  readonly claimType: string | undefined;
  run(claims: Map<string, JsonValue>, said: Claims): void;
}

/** Claims that speak of the token, not of the user. */
const PROTOCOL_CLAIMS = [
  ...["nonce", "aud", "azp", "acr", "iss", "iat", "nbf", "exp", "at_hash", "c_hash", "s_hash"],
  ...["ipaddr", "platf", "ver"],
];

/**
 * What becomes of the claims of ID token and userinfo, as ASP.NET Core's `ClaimActions` have it. By default all stay but
 * those that speak of the token alone. Steps run in order.
 */
export class ClaimActions {
  #actions: ClaimAction[] = [];

  constructor() {
    this.deleteClaims(...PROTOCOL_CLAIMS);
  }

  /** The value that the provider gave as `jsonKey` becomes the claim `claimType`; a second, different value joins it. */
  mapJsonKey(claimType: string, jsonKey: string): this {
    assertNames("mapJsonKey", jsonKey);
    return this.mapCustomJson(claimType, (said) => own(said, jsonKey));
  }

  /** Like {@link mapJsonKey}, unless the claim is there already. */
  mapUniqueJsonKey(claimType: string, jsonKey: string): this {
    assertNames("mapUniqueJsonKey", jsonKey);
    return this.#add(claimType, (claims, said) => {
      const value = own(said, jsonKey);
      if (value !== undefined && !claims.has(claimType)) claims.set(claimType, value);
    });
  }

  /** The value inside of an object that the provider gave as `jsonKey`. */
  mapJsonSubKey(claimType: string, jsonKey: string, subKey: string): this {
    assertNames("mapJsonSubKey", jsonKey, subKey);
    return this.mapCustomJson(claimType, (said) => {
      const value = own(said, jsonKey);
      return typeof value === "object" && value !== null && !Array.isArray(value)
        ? own(value as Claims, subKey)
        : undefined;
    });
  }

  /** A value of the app's own making; `undefined` adds none. */
  mapCustomJson(claimType: string, resolve: (said: Claims) => JsonValue | undefined): this {
    if (typeof resolve !== "function") throw new TypeError("mapCustomJson takes a claim and a function.");
    return this.#add(claimType, (claims, said) => {
      const value = resolve(said);
      if (value !== undefined) claims.set(claimType, joined(claims.get(claimType), value));
    });
  }

  /** Everything that the provider said, in place of all steps so far. */
  mapAll(): this {
    this.#actions = [];
    return this.#add(undefined, (claims, said) => {
      for (const [name, value] of Object.entries(said)) claims.set(name, value);
    });
  }

  /** {@link mapAll} without these. */
  mapAllExcept(...claimTypes: readonly string[]): this {
    return this.mapAll().deleteClaims(...claimTypes);
  }

  deleteClaim(claimType: string): this {
    assertNames("deleteClaim", claimType);
    return this.#add(claimType, (claims) => claims.delete(claimType));
  }

  deleteClaims(...claimTypes: readonly string[]): this {
    for (const claimType of claimTypes) this.deleteClaim(claimType);
    return this;
  }

  /** Takes back the steps about a claim, the default ones too. */
  remove(claimType: string): this {
    assertNames("remove", claimType);
    this.#actions = this.#actions.filter((action) => action.claimType !== claimType);
    return this;
  }

  /** Takes back all steps: every claim stays as it is. */
  clear(): this {
    this.#actions = [];
    return this;
  }

  /** @internal */
  run(said: Claims): Claims {
    const claims = new Map(Object.entries(said));
    for (const action of this.#actions) action.run(claims, said);
    return Object.fromEntries(claims);
  }

  #add(claimType: string | undefined, run: ClaimAction["run"]): this {
    if (claimType !== undefined) assertNames("A claim action", claimType);
    this.#actions.push({ claimType, run });
    return this;
  }
}

/** A list in place of single names would delete, or map, nothing: silently. */
function assertNames(verb: string, ...names: readonly unknown[]): void {
  if (names.every((name) => typeof name === "string" && name !== "")) return;
  throw new TypeError(`${verb} takes names of claims, as texts one by one.`);
}

/** Each new value once; where there is none, all stays as it is: a list of one is still a list. */
function joined(before: JsonValue | undefined, value: JsonValue): JsonValue {
  if (before === undefined) return value;
  const present = [before].flat() as JsonValue[];
  const known = new Set(present.map((entry) => JSON.stringify(entry)));
  const fresh: JsonValue[] = [];
  for (const entry of [value].flat() as JsonValue[]) {
    const text = JSON.stringify(entry);
    if (known.has(text)) continue;
    known.add(text);
    fresh.push(entry);
  }
  return fresh.length === 0 ? before : [...present, ...fresh];
}

function own(claims: Claims, name: string): JsonValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
