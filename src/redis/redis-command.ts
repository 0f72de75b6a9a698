import { ConfigurationError } from "../errors.js";

/** A client, a cluster or a sentinel of `redis` (node-redis), or a client or a cluster of `ioredis`. */
export type RedisClient =
  | { sendCommand(command: string[]): Promise<unknown> }
  | { sendCommand(isReadonly: boolean, command: string[]): Promise<unknown> }
  | { sendCommand(firstKey: string, isReadonly: boolean, command: string[]): Promise<unknown> }
  | { call(command: string, ...given: string[]): Promise<unknown> };

/** Redis does not answer, or not in time; the message says what is wrong in a word or two. */
export class RedisUnavailable extends Error {}

/** Sends one command, whichever client it is. */
type Send = (words: string[]) => Promise<unknown>;

/**
 * Sends commands, each within `timeoutSeconds`: clients queue them while there is no connection, for as long as that
 * takes. Text that a client gives as bytes is text here.
 *
 * The commands throw RedisUnavailable, whatever failed.
 *
 * @throws ConfigurationError `ERR_OIDC_INVALID_OPTIONS` when `client` cannot send commands
 */
export function createRedisCommand(
  client: RedisClient,
  timeoutSeconds: number,
): (...words: string[]) => Promise<unknown> {
  const send = senderOf(client);
  return async (...words) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisUnavailable("no answer in time")), timeoutSeconds * 1000);
    });
    try {
      return asText(await Promise.race([send(words), late]));
    } catch (error) {
      throw error instanceof RedisUnavailable ? error : new RedisUnavailable(kindOf(error));
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Those of node-redis differ in what comes before the command, and are told apart by how many parameters they have. */
function senderOf(client: RedisClient): Send {
  const { call, sendCommand } = (client ?? {}) as {
    readonly call?: (...words: string[]) => Promise<unknown>;
    readonly sendCommand?: (...given: unknown[]) => Promise<unknown>;
  };
  if (typeof call === "function") return (words) => call.apply(client, words);
  if (typeof sendCommand !== "function") {
    throw new ConfigurationError(
      "ERR_OIDC_INVALID_OPTIONS",
      "redisCoordinator needs a client of redis (createClient({ url })) or of ioredis (new Redis(url)); what it was given can send no command.",
    );
  }
  if (sendCommand.length === 4) return (words) => sendCommand.call(client, keyOf(words), false, words);
  if (sendCommand.length === 3) return (words) => sendCommand.call(client, false, words);
  return (words) => sendCommand.call(client, words);
}

/** Each command here names its one key first, EVAL after its script and their number. */
function keyOf(words: readonly string[]): string | undefined {
  return words[0] === "EVAL" ? words[3] : words[1];
}

/** The message of a command that failed may repeat what was in it; its code, or the first word of Redis's answer, does not. */
function kindOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === "string") return code;
  return /^[A-Z]{3,20}(?= )/.exec(String(message))?.[0] ?? (error instanceof Error ? error.constructor.name : "failed");
}

function asText(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  return Array.isArray(reply) ? reply.map(asText) : reply;
}
