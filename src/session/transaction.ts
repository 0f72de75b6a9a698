import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { DPoPKey, JsonValue } from "../model.js";
import { DERIVED_KEY_BYTES, ecKeyOf } from "./derived-key.js";
import type { KeyRing } from "./key-ring.js";

/** What a challenge fixes and its callback must find again. */
export interface TransactionDraft {
  readonly scheme: string;
  readonly issuer: string;
  readonly redirectUri: string;
  /** Value of the correlation cookie that this browser holds. */
  readonly correlation: string;
  /** A path of this app, already found to be local. */
  readonly returnUrl: string;
  readonly extras?: TransactionExtras | undefined;
}

/** What differs from the options, for this challenge alone; null where it asked for none. */
export interface TransactionExtras {
  readonly maxAge?: number | null;
  readonly acr?: readonly string[] | null;
  /** Values that claims of the ID token must have. */
  readonly claims?: Readonly<Record<string, readonly JsonValue[] | null>> | null;
  /** The app's own value. */
  readonly state?: JsonValue;
}

/** A transaction that has begun: what goes to the provider. */
export interface BegunTransaction {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The key that tokens of this sign-in are bound to, where they are. */
  dPoPKey(): DPoPKey;
}

/** A transaction read back from a `state` parameter. That it is authentic says nothing about this browser. */
export interface OpenedTransaction {
  readonly id: string;
  readonly issuedAtSeconds: number;
  readonly scheme: string;
  readonly returnUrl: string;
  readonly extras: TransactionExtras;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The same key as when the transaction began. */
  dPoPKey(): DPoPKey;
  isBoundTo(correlation: string): boolean;
  isFor(issuer: string): boolean;
  isSentWith(redirectUri: string): boolean;
}

/** The `state` parameter is the transaction itself, sealed: nothing is stored, any node can take the callback. */
export interface Transactions {
  /** `undefined` where even the shortest form is too long, because of the app's own `state`. */
  begin(draft: TransactionDraft): BegunTransaction | undefined;
  open(state: string): OpenedTransaction | undefined;
}

/** Long states break providers and proxies; a long return URL gives way first. */
const MAX_STATE_LENGTH = 1000;

const ID_BYTES = 16;
const HASH_BYTES = 8;
const HEAD_BYTES = ID_BYTES + 4 + 3 * HASH_BYTES;

export function createTransactions(keys: KeyRing, now: () => number): Transactions {
  /**
   * Neither nonce nor verifier travels, not even sealed: both come out of the id and the key that sealed it, so a
   * leaked state gives none of them away. So does the DPoP key, made only where it is asked for.
   */
  const derived = (id: Buffer, keyIndex: number) => ({
    nonce: keys.derive("nonce", id, keyIndex, 16).toString("base64url"),
    codeVerifier: keys.derive("pkce", id, keyIndex, 32).toString("base64url"),
    dPoPKey: () => ecKeyOf(keys.derive("dpop", id, keyIndex, DERIVED_KEY_BYTES)),
  });

  return {
    begin(draft) {
      const id = randomBytes(ID_BYTES);
      const head = Buffer.alloc(HEAD_BYTES);
      id.copy(head);
      head.writeUInt32BE(Math.floor(now()), ID_BYTES);
      for (const [position, value] of [draft.correlation, draft.issuer, draft.redirectUri].entries()) {
        shortHash(value).copy(head, ID_BYTES + 4 + position * HASH_BYTES);
      }
      const path = draft.returnUrl.split(/[?#]/, 1)[0] ?? "/";
      for (const returnUrl of [draft.returnUrl, path, "/"]) {
        const parts = draft.extras === undefined ? [draft.scheme, returnUrl] : [draft.scheme, returnUrl, draft.extras];
        const state = keys.seal("transaction", Buffer.concat([head, Buffer.from(JSON.stringify(parts))]));
        if (state.length <= MAX_STATE_LENGTH) return { state, ...derived(id, 0) };
      }
      return undefined;
    },

    open(state) {
      if (state.length > MAX_STATE_LENGTH) return undefined;
      const opened = keys.open("transaction", state);
      if (opened === undefined || opened.plaintext.length < HEAD_BYTES) return undefined;
      const head = opened.plaintext.subarray(0, HEAD_BYTES);
      const id = head.subarray(0, ID_BYTES);
      const [scheme, returnUrl, extras = {}] = JSON.parse(opened.plaintext.toString("utf8", HEAD_BYTES)) as [
        string,
        string,
        TransactionExtras?,
      ];
      const matches = (position: number) => (value: string) => {
        const start = ID_BYTES + 4 + position * HASH_BYTES;
        return timingSafeEqual(head.subarray(start, start + HASH_BYTES), shortHash(value));
      };
      return {
        id: id.toString("base64url"),
        issuedAtSeconds: head.readUInt32BE(ID_BYTES),
        scheme,
        returnUrl,
        extras,
        ...derived(id, opened.keyIndex),
        isBoundTo: matches(0),
        isFor: matches(1),
        isSentWith: matches(2),
      };
    },
  };
}

function shortHash(value: string): Buffer {
  return createHash("sha256").update(value).digest().subarray(0, HASH_BYTES);
}
