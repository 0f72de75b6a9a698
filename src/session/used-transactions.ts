import { ExpiringMap } from "./expiring-map.js";

/** Transactions that have been used in this process: each counts once. */
export interface UsedTransactions {
  /** Marks as used until `expiresAtSeconds`, when the transaction is refused for its age; false when it was used before. */
  use(id: string, expiresAtSeconds: number): boolean;
  /** Notes who came of it. */
  settle(id: string, subject: string): void;
  /** Who came of it, if anyone did. */
  outcome(id: string): string | undefined;
}

/** Transactions, about 20 MB when full; beyond it the one used first is forgotten. Only a browser that holds the correlation cookie can add to it. */
const LIMIT = 100_000;

/** `now`: seconds since the epoch. Holds 100,000 at most. */
export function createUsedTransactions(now: () => number): UsedTransactions {
  const used = new ExpiringMap<string>(LIMIT, now);
  return {
    use(id, expiresAtSeconds) {
      if (used.has(id)) return false;
      used.set(id, "", expiresAtSeconds);
      return true;
    },
    settle: (id, subject) => used.replace(id, subject),
    outcome: (id) => used.get(id) || undefined,
  };
}
