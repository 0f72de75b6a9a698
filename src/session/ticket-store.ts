import { createHash } from "node:crypto";
import type { Ticket } from "../model.js";
import { laterEnd, type Revocation, revocationKey, subjectOf } from "./revocations.js";
import { remainingOf, type StoreCalls, type StoredValue } from "./store-calls.js";
import { createTurns } from "./turns.js";

/** What the store held for a session. */
export interface StoredTicket {
  readonly sealed: string;
  readonly value: StoredValue;
}

/** Sealed tickets by session id, and what it takes to end them from any node. */
export interface TicketStore {
  read(sessionId: string): Promise<StoredTicket | undefined>;
  /** Never brings back what was removed meanwhile: false then. */
  write(sessionId: string, sealed: string, seconds: number): Promise<boolean>;
  /** False where its session at the provider has ended while the sign-in was under way: then it is gone again. */
  create(ticket: Ticket, sealed: string, seconds: number): Promise<boolean>;
  remove(sessionId: string): Promise<void>;
  /** Moves the end without writing content; false where the store cannot. */
  touch(sessionId: string, value: StoredValue, seconds: number): Promise<boolean>;
  /** Its provider's `sid` leads to this session for so long, and is not forgotten while the session lives. */
  keepIndexed(ticket: Ticket, seconds: number): Promise<void>;
  revoke(revocation: Revocation, nowSeconds: number, seconds: number): Promise<void>;
  /** The time up to which this user's sessions have ended: read beside the ticket. */
  endedBefore(marker: string): Promise<number | undefined>;
}

/** `set` would bring back a session that was removed while its new content was under way: a stone lies on it so long. */
const TOMBSTONE_SECONDS = 60;

/** Sessions of one `sid` that are remembered: a browser has one, and a few more by signing in again. */
const MOST_BY_SID = 20;

/** Times that an index entry is written again because another node has written over it. */
const MOST_ROUNDS = 10;

/** A sign-in that was under way when its session at the provider ended has come to its end by then. */
const ENDED_SECONDS = 600;

export function createTicketStore(calls: StoreCalls): TicketStore {
  const inTurn = createTurns();

  const remove = async (sessionId: string): Promise<void> => {
    await calls.set(`gone.${sessionId}`, {}, TOMBSTONE_SECONDS);
    await calls.destroy(sessionId);
  };

  const idsOf = (value: StoredValue | undefined): readonly string[] => {
    const ids = value?.["sessions"];
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string") : [];
  };

  /** A store has no compare-and-set: what was written is read again, for another node may have written over it. */
  const addToIndex = async (key: string, sessionId: string, seconds: number): Promise<void> => {
    let value = await calls.get(key);
    if (value !== undefined && idsOf(value).includes(sessionId) && calls.touch !== undefined) {
      await calls.touch(key, value, Math.max(seconds, remainingOf(value)));
      return;
    }
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const others = idsOf(value).filter((id) => id !== sessionId);
      // Another session of the same browser may last longer.
      const longest = Math.max(seconds, remainingOf(value));
      await calls.set(key, { sessions: [...others, sessionId].slice(-MOST_BY_SID) }, longest);
      value = await calls.get(key);
      if (idsOf(value).includes(sessionId)) return;
    }
  };

  const keepIndexed = async ({ sessionId, evidence }: Ticket, seconds: number): Promise<void> => {
    if (evidence?.providerSessionId === undefined) return;
    const key = indexKey(evidence.issuer, evidence.providerSessionId);
    await inTurn(key, () => addToIndex(key, sessionId, seconds));
  };

  const endedBefore = async (marker: string): Promise<number | undefined> => {
    const before = (await calls.get(marker))?.["before"];
    return typeof before === "number" ? before : undefined;
  };

  return {
    async read(sessionId) {
      const value = await calls.get(sessionId);
      const sealed = value?.["ticket"];
      return value === undefined || typeof sealed !== "string" ? undefined : { sealed, value };
    },

    async write(sessionId, sealed, seconds) {
      if ((await calls.get(`gone.${sessionId}`)) !== undefined) return false;
      await calls.set(sessionId, { ticket: sealed }, seconds);
      if ((await calls.get(`gone.${sessionId}`)) === undefined) return true;
      await calls.destroy(sessionId);
      return false;
    },

    async create(ticket, sealed, seconds) {
      const { sessionId, evidence } = ticket;
      await calls.set(sessionId, { ticket: sealed }, seconds);
      if (evidence?.providerSessionId === undefined) return true;
      await keepIndexed(ticket, seconds);
      // In this order: a logout looks into the index after it has left its mark, so one of the two sees the other.
      if ((await calls.get(endedKey(evidence.issuer, evidence.providerSessionId))) === undefined) return true;
      await remove(sessionId);
      return false;
    },

    keepIndexed,

    remove,

    async touch(sessionId, value, seconds) {
      if (calls.touch === undefined) return false;
      await calls.touch(sessionId, value, seconds);
      return true;
    },

    async revoke({ sessionId, issuer, providerSessionId, subject, beforeSeconds }, nowSeconds, seconds) {
      if (sessionId !== undefined) await remove(sessionId);
      if (providerSessionId !== undefined) {
        const key = indexKey(issuer, providerSessionId);
        // For good: a sign-in that another node has still under way is refused too.
        if (beforeSeconds === undefined) await calls.set(endedKey(issuer, providerSessionId), {}, ENDED_SECONDS);
        for (const id of idsOf(await calls.get(key))) await remove(id);
        await calls.destroy(key);
      }
      if (subject === undefined) return;
      const key = markerName(issuer, subject);
      const before = laterEnd(await endedBefore(key), beforeSeconds ?? nowSeconds, nowSeconds);
      await calls.set(key, { before }, seconds);
    },

    endedBefore,
  };
}

/** Key of the marker that ends a user's sessions. */
export function markerKey(ticket: Ticket): string {
  return markerName(ticket.evidence?.issuer, subjectOf(ticket));
}

function markerName(issuer: string | undefined, subject: string): string {
  return `sub.${hash(revocationKey(issuer, subject))}`;
}

function indexKey(issuer: string | undefined, providerSessionId: string): string {
  return `sid.${hash(revocationKey(issuer, providerSessionId))}`;
}

function endedKey(issuer: string | undefined, providerSessionId: string): string {
  return `ended.${hash(revocationKey(issuer, providerSessionId))}`;
}

/** The store learns neither users nor cookies. */
export function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
