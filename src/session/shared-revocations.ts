import { createHash } from "node:crypto";
import type { Ticket } from "../model.js";
import type { RevocationStore } from "../options/session-options.js";
import { boundedCall } from "./bounded-call.js";
import { FOR_GOOD, laterEnd, type Revocation, revocationKey, subjectOf } from "./revocations.js";

/** What has ended, as all nodes know it. Calls reject with `ERR_OIDC_STORE_UNAVAILABLE`: unknown is not alive. */
export interface SharedRevocations {
  /** `expiresAtSeconds`: from then on every copy is dead by itself. */
  add(revocation: Revocation, expiresAtSeconds: number): Promise<void>;
  isRevoked(ticket: Ticket): Promise<boolean>;
  /** The time up to which sessions such as this one have ended; `undefined` where none have, or all have. */
  endedBefore(ticket: Ticket): Promise<number | undefined>;
}

/** `now`: seconds since the epoch. */
export function createSharedRevocations(
  store: RevocationStore,
  timeoutSeconds: number,
  now: () => number,
): SharedRevocations {
  const get = (key: string): Promise<string | null | undefined> =>
    boundedCall<string | null | undefined>("revocations.get", timeoutSeconds, (done) =>
      Promise.resolve(store.get(key)).then((value) => done(null, value)),
    );
  const set = (key: string, value: string, expiresAtSeconds: number): Promise<unknown> => {
    const ttl = Math.max(1, Math.ceil(expiresAtSeconds - now()));
    return boundedCall("revocations.set", timeoutSeconds, (done) =>
      Promise.resolve(store.set(key, value, ttl)).then(() => done()),
    );
  };
  const timeOf = async (key: string): Promise<number | undefined> => {
    const value = await get(key);
    if (value === ALL) return FOR_GOOD;
    const time = Number(value ?? Number.NaN);
    return Number.isFinite(time) ? time : undefined;
  };
  const raise = async (key: string, before: number, expiresAtSeconds: number): Promise<void> => {
    const end = laterEnd(await timeOf(key), before, now());
    await set(key, end === FOR_GOOD ? ALL : String(end), expiresAtSeconds);
  };
  const endsOf = (ticket: Ticket): Promise<readonly (number | undefined)[]> => {
    const { evidence } = ticket;
    const sid = evidence?.providerSessionId;
    return Promise.all([
      timeOf(keyOf("sub", revocationKey(evidence?.issuer, subjectOf(ticket)))),
      sid === undefined ? undefined : timeOf(keyOf("sid", revocationKey(evidence?.issuer, sid))),
    ]);
  };

  return {
    async add({ sessionId, issuer, providerSessionId, subject, beforeSeconds }, expiresAtSeconds) {
      const writes: Promise<unknown>[] = [];
      if (sessionId !== undefined) writes.push(set(keyOf("id", sessionId), ALL, expiresAtSeconds));
      if (providerSessionId !== undefined) {
        const key = keyOf("sid", revocationKey(issuer, providerSessionId));
        writes.push(raise(key, beforeSeconds ?? FOR_GOOD, expiresAtSeconds));
      }
      if (subject !== undefined) {
        writes.push(raise(keyOf("sub", revocationKey(issuer, subject)), beforeSeconds ?? now(), expiresAtSeconds));
      }
      await Promise.all(writes);
    },

    async isRevoked(ticket) {
      const [own, ends] = await Promise.all([get(keyOf("id", ticket.sessionId)), endsOf(ticket)]);
      return typeof own === "string" || ends.some((end) => end !== undefined && ticket.signedInAtSeconds <= end);
    },

    async endedBefore(ticket) {
      const times = (await endsOf(ticket)).filter((end) => end !== undefined && end !== FOR_GOOD) as number[];
      return times.length === 0 ? undefined : Math.max(...times);
    },
  };
}

/** Value of what has ended for good. */
const ALL = "all";

/** The store learns neither users nor sessions. */
function keyOf(kind: "id" | "sid" | "sub", name: string): string {
  return `oidc.ended.${kind}.${createHash("sha256").update(name).digest("base64url")}`;
}
