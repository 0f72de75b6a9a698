import { createHash } from "node:crypto";
import type { Ticket } from "../model.js";
import type { RevocationStore } from "../options/session-options.js";
import { boundedCall } from "./bounded-call.js";
import { type Revocation, revocationKey, subjectOf } from "./revocations.js";

/** What has ended, as all nodes know it. Calls reject with `ERR_OIDC_STORE_UNAVAILABLE`: unknown is not alive. */
export interface SharedRevocations {
  /** `expiresAtSeconds`: from then on every copy is dead by itself. */
  add(revocation: Revocation, expiresAtSeconds: number): Promise<void>;
  isRevoked(ticket: Ticket): Promise<boolean>;
  /** The time up to which the sessions of this user have ended; `undefined` where none have. */
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
  const time = async (key: string): Promise<number | undefined> => {
    const value = Number((await get(key)) ?? Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const isThere = async (key: string): Promise<boolean> => typeof (await get(key)) === "string";

  return {
    async add({ sessionId, issuer, providerSessionId, subject, beforeSeconds = now() }, expiresAtSeconds) {
      const writes: Promise<unknown>[] = [];
      if (sessionId !== undefined) writes.push(set(keyOf("id", sessionId), "1", expiresAtSeconds));
      if (providerSessionId !== undefined) {
        writes.push(set(keyOf("sid", revocationKey(issuer, providerSessionId)), "1", expiresAtSeconds));
      }
      if (subject !== undefined) {
        const key = keyOf("sub", revocationKey(issuer, subject));
        // A logout token that comes late must not bring back what a later one ended.
        const write = async () => set(key, String(Math.max(beforeSeconds, (await time(key)) ?? 0)), expiresAtSeconds);
        writes.push(write());
      }
      await Promise.all(writes);
    },

    async isRevoked(ticket) {
      const { evidence, sessionId, signedInAtSeconds } = ticket;
      const sid = evidence?.providerSessionId;
      const [byId, bySid, before] = await Promise.all([
        isThere(keyOf("id", sessionId)),
        sid !== undefined && isThere(keyOf("sid", revocationKey(evidence?.issuer, sid))),
        time(subjectKey(ticket)),
      ]);
      return byId || bySid || (before !== undefined && signedInAtSeconds <= before);
    },

    endedBefore: (ticket) => time(subjectKey(ticket)),
  };
}

function subjectKey(ticket: Ticket): string {
  return keyOf("sub", revocationKey(ticket.evidence?.issuer, subjectOf(ticket)));
}

/** The store learns neither users nor sessions. */
function keyOf(kind: "id" | "sid" | "sub", name: string): string {
  return `oidc.ended.${kind}.${createHash("sha256").update(name).digest("base64url")}`;
}
