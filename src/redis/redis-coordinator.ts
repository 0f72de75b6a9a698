import { randomBytes } from "node:crypto";
import { ProviderError } from "../errors.js";
import type { RefreshCoordinator } from "../options/refresh-options.js";
import { createProcessCoordinator } from "../session/process-coordinator.js";
import { warnOnce } from "../warnings.js";
import { createRedisCommand, type RedisClient, RedisUnavailable } from "./redis-command.js";

/** Durations are seconds. */
export interface RedisCoordinatorOptions {
  /** Begins every key. @defaultValue "oidc:refresh:" */
  readonly prefix?: string | undefined;
  /** How long a result is there for others. @defaultValue 600 */
  readonly keep?: number | undefined;
  /** A node that died in the middle is waited for no longer than this; one that lives keeps its turn. @defaultValue 15 */
  readonly lock?: number | undefined;
  /** A node that lives is waited for no longer than this. @defaultValue 60 */
  readonly wait?: number | undefined;
  /** Time for each command; after it, this node refreshes by itself. @defaultValue 1 */
  readonly timeout?: number | undefined;
}

const POLL_MS = 40;

/** Results of one session that a sign-out can find again; more there are only with many resources. */
const MOST_RESULTS = 32;

/** Results that are sent to a Redis which is away: its client may keep them all until it is back. */
const MOST_UNANSWERED = 1_000;

/** A lock is removed, or held on to, by its owner alone: another may have taken it since. */
const IF_OWNER = 'if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end ';
const RELEASE = `${IF_OWNER}return redis.call("del", KEYS[1])`;
const HOLD = `${IF_OWNER}return redis.call("pexpire", KEYS[1], ARGV[2])`;

/**
 * One refresh for all nodes that share a Redis. It holds results sealed, so Redis never sees a token. While Redis is
 * away, each node refreshes by itself: better than nobody.
 */
export function redisCoordinator(client: RedisClient, options: RedisCoordinatorOptions = {}): RefreshCoordinator {
  const { prefix = "oidc:refresh:", keep = 600, lock = 15, wait = 60, timeout = 1 } = options;
  const lockMs = String(Math.ceil(lock * 1000));
  const local = createProcessCoordinator(() => Date.now() / 1000);
  const command = createRedisCommand(client, timeout);
  let unanswered = 0;
  const resultOf = (key: string) => `${prefix}${key}:result`;
  const indexOf = (session: string) => `${prefix}${session}:results`;

  /** All at once: a client that has lost its connection keeps them, in their order, until it has one again. */
  const remember = async (key: string, result: string, seconds: number): Promise<void> => {
    const life = String(Math.ceil(Math.max(seconds, keep)));
    const [resultKey, index] = [resultOf(key), indexOf(key.slice(0, key.indexOf(".")))];
    await Promise.all([
      // The first to come is the one that the provider took.
      command("SET", resultKey, result, "NX", "EX", life),
      command("LPUSH", index, resultKey),
      command("LTRIM", index, "0", String(MOST_RESULTS - 1)),
      command("EXPIRE", index, life),
    ]);
  };

  /** Runs `work` while the lock is this node's: renewed meanwhile, so that no second node begins the same. */
  const whileHeld = async (lockKey: string, owner: string, work: () => Promise<string>): Promise<string> => {
    const renewal = setInterval(
      () => {
        command("EVAL", HOLD, "1", lockKey, owner, lockMs).catch(() => undefined);
      },
      (lock * 1000) / 3,
    );
    renewal.unref();
    try {
      return await work();
    } finally {
      clearInterval(renewal);
    }
  };

  /** Waits for the result of whoever holds the lock, or takes it. */
  const shared = async (key: string, seconds: number, work: () => Promise<string>): Promise<string> => {
    const [resultKey, lockKey] = [resultOf(key), `${prefix}${key}:lock`];
    const owner = randomBytes(16).toString("base64url");
    const release = () => command("EVAL", RELEASE, "1", lockKey, owner).catch(() => undefined);
    const deadline = performance.now() + wait * 1000;
    while (performance.now() < deadline) {
      const known = await command("GET", resultKey);
      unanswered = 0;
      if (typeof known === "string") return known;
      const locked = await command("SET", lockKey, owner, "NX", "PX", lockMs).catch((error: unknown) => {
        // What had no answer in time may be done all the same.
        void release();
        throw error;
      });
      if (locked === null) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        continue;
      }
      try {
        // Between the look and the lock someone may have finished.
        const finished = await command("GET", resultKey);
        if (typeof finished === "string") return finished;
        const result = await whileHeld(lockKey, owner, work);
        await remember(key, result, seconds).catch(() => undefined);
        return result;
      } finally {
        await release();
      }
    }
    // To refresh here all the same would send the refresh token twice.
    throw new ProviderError(
      "ERR_OIDC_PROVIDER_TIMEOUT",
      `Another node has been refreshing this session's tokens for ${wait} s. Compare the coordinator's wait with backchannelTimeout.`,
    );
  };

  return {
    once: (key, seconds, work) =>
      local.once(key, seconds, async () => {
        try {
          return await shared(key, seconds, work);
        } catch (error) {
          if (!(error instanceof RedisUnavailable)) throw error;
          warnOnce(
            "OIDC_COORDINATOR_AWAY",
            `redisCoordinator does not reach its Redis (${error.message}), so each node refreshes by itself: a provider that watches for reuse of refresh tokens may end sessions. Is the client connected, and to the right server?`,
          );
          const result = await work();
          // Should it be back soon, no other node is to send the same refresh token.
          if (unanswered++ < MOST_UNANSWERED) remember(key, result, seconds).catch(() => undefined);
          return result;
        }
      }),

    async forget(session) {
      local.forget(session);
      const index = indexOf(session);
      const found = await command("LRANGE", index, "0", String(MOST_RESULTS - 1));
      const keys = Array.isArray(found) ? found.map(String) : [];
      await command("DEL", index);
      // One by one: in a cluster they may live on different nodes.
      for (const key of keys) await command("DEL", key);
    },
  };
}
