import { randomBytes } from "node:crypto";
import type { RefreshCoordinator } from "../options/refresh-options.js";
import { createProcessCoordinator } from "../session/process-coordinator.js";

/** A client of `redis` (node-redis) or of `ioredis`. */
export type RedisClient =
  | { sendCommand(command: string[]): Promise<unknown> }
  | { call(command: string, ...given: string[]): Promise<unknown> };

/** Durations are seconds. */
export interface RedisCoordinatorOptions {
  /** Begins every key. @defaultValue "oidc:refresh:" */
  readonly prefix?: string | undefined;
  /** How long a result is there for others. @defaultValue 600 */
  readonly keep?: number | undefined;
  /** A node that died in the middle is waited for no longer than this. @defaultValue 35 */
  readonly lock?: number | undefined;
  /** Time for each command; after it, this node refreshes by itself. @defaultValue 1 */
  readonly timeout?: number | undefined;
}

const POLL_MS = 40;

/** Removes a lock that is still this node's: another may have taken it since. */
const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';

/**
 * One refresh for all nodes that share a Redis. It holds results sealed, so Redis never sees a token. While Redis is
 * away, each node refreshes by itself: better than nobody.
 */
export function redisCoordinator(client: RedisClient, options: RedisCoordinatorOptions = {}): RefreshCoordinator {
  const { prefix = "oidc:refresh:", keep = 600, lock = 35, timeout = 1 } = options;
  const local = createProcessCoordinator(() => Date.now() / 1000);

  const command = async (...words: string[]): Promise<unknown> => {
    const [name = "", ...given] = words;
    const sent = "call" in client ? client.call(name, ...given) : client.sendCommand(words);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisUnavailable()), timeout * 1000);
    });
    try {
      return await Promise.race([sent, late]);
    } catch {
      throw new RedisUnavailable();
    } finally {
      clearTimeout(timer);
    }
  };

  /** Waits for the result of whoever holds the lock, or takes it. */
  const shared = async (key: string, seconds: number, work: () => Promise<string>): Promise<string> => {
    const [resultKey, lockKey] = [`${prefix}${key}:result`, `${prefix}${key}:lock`];
    const owner = randomBytes(16).toString("base64url");
    const deadline = Date.now() + (lock + 5) * 1000;
    while (Date.now() < deadline) {
      const known = await command("GET", resultKey);
      if (typeof known === "string") return known;
      const isTaken = (await command("SET", lockKey, owner, "NX", "PX", String(lock * 1000))) === null;
      if (isTaken) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        continue;
      }
      try {
        // Between the look and the lock someone may have finished.
        const finished = await command("GET", resultKey);
        if (typeof finished === "string") return finished;
        const result = await work();
        await command("SET", resultKey, result, "EX", String(Math.max(seconds, keep))).catch(() => undefined);
        return result;
      } finally {
        await command("EVAL", RELEASE, "1", lockKey, owner).catch(() => undefined);
      }
    }
    throw new RedisUnavailable();
  };

  return {
    once: (key, seconds, work) =>
      local.once(key, seconds, async () => {
        let begun: Promise<string> | undefined;
        const workOnce = () => {
          begun ??= work();
          return begun;
        };
        try {
          return await shared(key, seconds, workOnce);
        } catch (error) {
          if (!(error instanceof RedisUnavailable)) throw error;
          return workOnce();
        }
      }),
  };
}

class RedisUnavailable extends Error {}
