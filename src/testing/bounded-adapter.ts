interface Entry {
  readonly payload: Record<string, unknown>;
  readonly expiresAtMs: number;
}

/** What oidc-provider stores, in memory and bounded: the oldest go first. */
export class BoundedStore {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;

  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  get(key: string): Record<string, unknown> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs > Date.now()) return entry.payload;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, payload: Record<string, unknown>, expiresInSeconds: number | undefined): void {
    this.#entries.delete(key);
    const expiresAtMs =
      expiresInSeconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresInSeconds * 1000;
    this.#entries.set(key, { payload, expiresAtMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  find(prefix: string, isWanted: (payload: Record<string, unknown>) => boolean): Record<string, unknown> | undefined {
    for (const key of this.#entries.keys()) {
      const payload = key.startsWith(prefix) ? this.get(key) : undefined;
      if (payload !== undefined && isWanted(payload)) return payload;
    }
    return undefined;
  }

  deleteAll(isWanted: (payload: Record<string, unknown>) => boolean): void {
    for (const [key, { payload }] of this.#entries) if (isWanted(payload)) this.#entries.delete(key);
  }
}

/** The adapter interface of oidc-provider, one object for each of its models. */
export function createAdapter(store: BoundedStore): (model: string) => object {
  return (model) => ({
    upsert: async (id: string, payload: Record<string, unknown>, expiresIn: number | undefined) =>
      store.set(`${model}:${id}`, payload, expiresIn),
    find: async (id: string) => store.get(`${model}:${id}`),
    findByUid: async (uid: string) => store.find(`${model}:`, (payload) => payload["uid"] === uid),
    findByUserCode: async (code: string) => store.find(`${model}:`, (payload) => payload["userCode"] === code),
    destroy: async (id: string) => store.delete(`${model}:${id}`),
    consume: async (id: string) => {
      const payload = store.get(`${model}:${id}`);
      if (payload !== undefined) payload["consumed"] = Math.floor(Date.now() / 1000);
    },
    revokeByGrantId: async (grantId: string) => store.deleteAll((payload) => payload["grantId"] === grantId),
  });
}
