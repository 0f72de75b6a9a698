/** Runs work for one key after the other, and for different keys side by side. Nothing stays behind. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * A store has no compare-and-set: what reads, changes and writes takes turns, or one of two changes would be lost. The
 * map holds what is under way, and is empty otherwise.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = last.get(key);
    const run = before === undefined ? work() : before.then(work, work);
    last.set(key, run);
    try {
      return await run;
    } finally {
      if (last.get(key) === run) last.delete(key);
    }
  };
}
