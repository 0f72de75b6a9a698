/** A client of `redis` (node-redis) or of `ioredis`. */
export type RedisClient =
  | { sendCommand(command: string[]): Promise<unknown> }
  | { call(command: string, ...given: string[]): Promise<unknown> };

/** Redis does not answer, or not in time. */
export class RedisUnavailable extends Error {}

/**
 * Sends commands, each within `timeoutSeconds`: clients queue them while there is no connection, for as long as that
 * takes. Text that a client gives as bytes is text here.
 *
 * @throws RedisUnavailable, whatever failed
 */
export function createRedisCommand(
  client: RedisClient,
  timeoutSeconds: number,
): (...words: string[]) => Promise<unknown> {
  return async (...words) => {
    const [name = "", ...given] = words;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RedisUnavailable()), timeoutSeconds * 1000);
    });
    try {
      const sent = "call" in client ? client.call(name, ...given) : client.sendCommand(words);
      return asText(await Promise.race([sent, late]));
    } catch {
      throw new RedisUnavailable();
    } finally {
      clearTimeout(timer);
    }
  };
}

function asText(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  return Array.isArray(reply) ? reply.map(asText) : reply;
}
