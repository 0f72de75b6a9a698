import type { RefreshCoordinator } from "../options/refresh-options.js";
import { ExpiringMap } from "./expiring-map.js";

/** Results that are remembered, about 4 kB each. */
const LIMIT = 5_000;

/** One refresh at a time within this process, for as many sessions as there are. `now`: seconds since the epoch. */
export function createProcessCoordinator(now: () => number): RefreshCoordinator {
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
          results.set(key, result, now() + graceSeconds);
          return result;
        })
        .finally(() => running.delete(key));
      running.set(key, run);
      return run;
    },
  };
}
