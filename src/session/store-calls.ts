import type { SessionStore } from "../options/session-options.js";
import { boundedCall, type Done, orMissing } from "./bounded-call.js";

/** What stands in a store under one key: the shape that express-session's stores expect, and our content. */
export interface StoredValue {
  readonly cookie: { readonly expires: Date | string; readonly originalMaxAge: number };
  readonly [name: string]: unknown;
}

/** A store's methods as promises that end in time. */
export interface StoreCalls {
  get(key: string): Promise<StoredValue | undefined>;
  /** Kept for `seconds`. */
  set(key: string, content: Readonly<Record<string, unknown>>, seconds: number): Promise<void>;
  destroy(key: string): Promise<void>;
  /** `undefined` where the store has no such method. */
  readonly touch: ((key: string, value: StoredValue, seconds: number) => Promise<void>) | undefined;
}

/** @throws SessionStoreError `ERR_OIDC_STORE_UNAVAILABLE` from each call that fails or takes longer than `timeoutSeconds` */
export function createStoreCalls(store: SessionStore, timeoutSeconds: number): StoreCalls {
  const call = <T>(name: string, run: (done: Done<T>) => unknown) => boundedCall(name, timeoutSeconds, run);
  return {
    async get(key) {
      const value = await orMissing(call<object | null>("get", (done) => store.get(key, done)));
      return typeof value === "object" && value !== null ? (value as StoredValue) : undefined;
    },
    async set(key, content, seconds) {
      await call("set", (done) => store.set(key, { ...content, cookie: new Lifetime(seconds) }, done));
    },
    async destroy(key) {
      await orMissing(call("destroy", (done) => store.destroy(key, done)));
    },
    touch:
      typeof store.touch === "function"
        ? async (key, value, seconds) => {
            const kept = { ...value, cookie: new Lifetime(seconds) };
            await orMissing(call("touch", (done) => store.touch?.(key, kept, done)));
          }
        : undefined,
  };
}

/** What stores read of a session's cookie: most the date, some `maxAge`, which express-session has as a getter too. */
class Lifetime {
  readonly expires: Date;
  readonly originalMaxAge: number;

  /** By the real clock, for stores compute with it. */
  constructor(seconds: number) {
    this.originalMaxAge = Math.max(1, Math.ceil(seconds * 1000));
    this.expires = new Date(Date.now() + this.originalMaxAge);
  }

  get maxAge(): number {
    return this.expires.getTime() - Date.now();
  }
}

/** How long a value was to be kept when it was written, from now on in seconds. */
export function remainingOf(value: StoredValue | undefined): number {
  const end = new Date(value?.cookie?.expires ?? Number.NaN).getTime();
  return Number.isNaN(end) ? 0 : Math.max(0, (end - Date.now()) / 1000);
}
