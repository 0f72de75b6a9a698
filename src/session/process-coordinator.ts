import type { RefreshCoordinator } from "../options/refresh-options.js";
import { ExpiringMap } from "./expiring-map.js";

/** Results that are remembered, about 4 kB each. */
const LIMIT = 5_000;

/** One refresh at a time within this process, for as many sessions as there are. `now`: seconds since the epoch. */
export function createProcessCoordinator(now: () => number): Required<RefreshCoordinator> {
  const running = new Map<string, Promise<string>>();
  const results = new ExpiringMap<string>(LIMIT, now);
  return {
    once(key, graceSeconds, work) {
      const known = results.get(key);
      if (known !== undefined) return Promise.resolve(known);
      const begun = running.get(key);
      if (begun !== undefined) return begun;
      const run = work()
        .then((result) => {
          // Of a session that ended meanwhile nothing is remembered.
          if (running.get(key) === run) results.set(key, result, now() + graceSeconds);
          return result;
        })
        .finally(() => {
          if (running.get(key) === run) running.delete(key);
        });
      running.set(key, run);
      return run;
    },

    forget(session) {
      const isOfSession = (key: string) => key.startsWith(`${session}.`);
      for (const key of [...running.keys()].filter(isOfSession)) running.delete(key);
      for (const [key] of [...results.entries()]) if (isOfSession(key)) results.delete(key);
    },
  };
}
