/** What was opened from a sealed text, kept for the requests that bring the same text again. */
export interface TicketCache<T> {
  get(sealed: string): T | undefined;
  /** `bytes`: about what `value` weighs, beside the text itself. */
  set(sealed: string, value: T, bytes: number): void;
  delete(sealed: string): void;
}

interface Entry<T> {
  readonly key: string;
  readonly sealed: string;
  readonly value: T;
  readonly bytes: number;
}

/** The tag of the seal lies at the end: short to hash, and different for every sealed text. */
const KEY_LENGTH = 24;

/** Map slots, key and entry, about. */
const ENTRY_BYTES = 250;

/**
 * Two generations: what is used moves to the young one; when that is full it becomes the old one, and what the old one
 * still held is dropped. So a lookup writes nothing most of the time, and eviction costs nothing by the entry.
 *
 * A text that shares its end with a kept one but differs is a miss and evicts nothing: an attacker can copy an end.
 *
 * `maxBytes` is what all entries together may weigh; one of more than half of it is not kept.
 */
export function createTicketCache<T>(maxBytes: number): TicketCache<T> {
  const generationBytes = maxBytes / 2;
  let young = new Map<string, Entry<T>>();
  let old = new Map<string, Entry<T>>();
  let youngBytes = 0;

  const forget = (key: string): void => {
    const entry = young.get(key);
    if (entry === undefined) return;
    young.delete(key);
    youngBytes -= entry.bytes;
  };

  const keep = (entry: Entry<T>): void => {
    forget(entry.key);
    if (youngBytes + entry.bytes > generationBytes) {
      old = young;
      young = new Map();
      youngBytes = 0;
    }
    young.set(entry.key, entry);
    youngBytes += entry.bytes;
  };

  return {
    get(sealed) {
      const key = sealed.slice(-KEY_LENGTH);
      const entry = young.get(key);
      if (entry !== undefined) return entry.sealed === sealed ? entry.value : undefined;
      const aged = old.get(key);
      if (aged === undefined || aged.sealed !== sealed) return undefined;
      keep(aged);
      return aged.value;
    },
    set(sealed, value, bytes) {
      // Twice, for the value usually knows its own text.
      const weight = bytes + 2 * sealed.length + ENTRY_BYTES;
      if (weight > generationBytes) return;
      keep({ key: flatCopy(sealed.slice(-KEY_LENGTH)), sealed: flatCopy(sealed), value, bytes: weight });
    },
    delete(sealed) {
      const key = sealed.slice(-KEY_LENGTH);
      if (young.get(key)?.sealed === sealed) forget(key);
      if (old.get(key)?.sealed === sealed) old.delete(key);
    },
  };
}

/** V8 keeps a slice as a pointer into its parent: kept, it would keep the request's whole Cookie header. */
function flatCopy(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
