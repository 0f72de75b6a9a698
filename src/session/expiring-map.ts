interface Entry<Value> {
  readonly value: Value;
  readonly expiresAtSeconds: number;
}

/**
 * Remembers until a time, and never more than `limit` entries: beyond it the oldest go first. It has no timer; what has
 * expired leaves when something is added. `now` answers seconds since the epoch.
 */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #limit: number;
  readonly #now: () => number;
  #nextPurgeAt = 0;

  constructor(limit: number, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAtSeconds <= this.#now() ? undefined : entry.value;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** Remembers at least until then: what is there already never ends earlier than it was said to. */
  set(key: string, value: Value, expiresAtSeconds: number): void {
    this.#purge();
    const before = this.#entries.get(key)?.expiresAtSeconds ?? expiresAtSeconds;
    this.#entries.delete(key);
    this.#entries.set(key, { value, expiresAtSeconds: Math.max(before, expiresAtSeconds) });
    if (this.#entries.size <= this.#limit) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }

  /** Replaces the value of an entry that is there, and leaves its time. */
  replace(key: string, value: Value): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#entries.set(key, { ...entry, value });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  *entries(): Generator<readonly [string, Value]> {
    const time = this.#now();
    for (const [key, { value, expiresAtSeconds }] of this.#entries) if (expiresAtSeconds > time) yield [key, value];
  }

  /** At most once a minute: a walk over all entries must not be the price of each addition. */
  #purge(): void {
    const time = this.#now();
    if (time < this.#nextPurgeAt && time > this.#nextPurgeAt - 120) return;
    this.#nextPurgeAt = time + 60;
    for (const [key, { expiresAtSeconds }] of this.#entries) if (expiresAtSeconds <= time) this.#entries.delete(key);
  }
}
