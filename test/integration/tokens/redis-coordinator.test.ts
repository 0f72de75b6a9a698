import { type RedisClient, redisCoordinator } from "add-openid-connect/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RedisServer } from "../../support/redis-server.js";
import { findProgram } from "../../support/required-program.js";

const program = findProgram("redis-server", "apt-get install redis-server");

let server: RedisServer;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  if (program === undefined) return;
  server = await RedisServer.start(program);
  client = await connect(server);
});
afterAll(async () => {
  if (program === undefined) return;
  client.destroy();
  await server.kill();
});

async function connect({ url }: RedisServer): Promise<ReturnType<typeof createClient>> {
  const connected = createClient({ url });
  connected.on("error", () => {});
  await connected.connect();
  return connected;
}

const never = () => new Promise<string>(() => {});

/** The same connection as ioredis offers it, which may answer in bytes. */
const likeIoredis = (): RedisClient => ({
  call: async (command: string, ...given: string[]) => {
    const reply = await client.sendCommand([command, ...given]);
    return typeof reply === "string" ? Buffer.from(reply) : reply;
  },
});

/** As node-redis has it for clusters and for sentinels: more stands before the command. */
const likeCluster = (): RedisClient => ({
  sendCommand: (firstKey: string, _isReadonly: boolean, words: string[], _options?: object) =>
    firstKey.startsWith("oidc:refresh:") ? client.sendCommand(words) : Promise.reject(new Error(`key ${firstKey}`)),
});
const likeSentinel = (): RedisClient => ({
  sendCommand: (_isReadonly: boolean, words: string[], _options?: object) => client.sendCommand(words),
});

it.each([undefined, {}, "redis://localhost", { sendCommand: "no" }])("a coordinator is not made with %j", (given) => {
  expect(() => redisCoordinator(given as never)).toThrow(
    expect.objectContaining({ code: "ERR_OIDC_INVALID_OPTIONS", message: expect.stringContaining("createClient") }),
  );
});

describe.skipIf(program === undefined)("redisCoordinator", () => {
  it.each([
    ["node-redis", (): RedisClient => client],
    ["a client like ioredis", likeIoredis],
    ["a client like node-redis's cluster", likeCluster],
    ["a client like node-redis's sentinel", likeSentinel],
  ])("with %s runs work on one of several nodes, and tells all the others", async (name, of) => {
    const nodes = Array.from({ length: 5 }, () => redisCoordinator(of()));
    let runs = 0;
    const work = async () => {
      runs += 1;
      await new Promise(setImmediate);
      return `sealed-${runs}`;
    };
    const results = await Promise.all(nodes.map((node) => node.once(`${name}.key`, 60, work)));
    expect([runs, new Set(results)]).toEqual([1, new Set(["sealed-1"])]);
    // A straggler on a node that started later.
    expect(await redisCoordinator(of()).once(`${name}.key`, 60, work)).toBe("sealed-1");
    expect(runs).toBe(1);
  });

  it("keeps a result for 600 s, and a lock no longer than its work", async () => {
    await redisCoordinator(client).once("s.kept", 60, async () => "sealed");
    const life = await client.ttl("oidc:refresh:s.kept:result");
    expect(life > 595 && life <= 600).toBe(true);
    expect(await client.exists("oidc:refresh:s.kept:lock")).toBe(0);
  });

  it("passes the turn on when a node has died in the middle", async () => {
    // Its lock is never released, and never renewed either: the connection has gone with the node.
    const own = await connect(server);
    const died = redisCoordinator(own, { lock: 0.3 });
    void died.once("s.died", 60, never).catch(() => undefined);
    while ((await client.exists("oidc:refresh:s.died:lock")) === 0) await new Promise(setImmediate);
    own.destroy();
    const begun = performance.now();
    expect(await redisCoordinator(client).once("s.died", 60, async () => "sealed")).toBe("sealed");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it("does not pass the turn on while a node works for longer than its lock", async () => {
    let finish = (_: string) => {};
    const slow = redisCoordinator(client, { lock: 1 });
    const first = slow.once(
      "s.slow",
      60,
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    while ((await client.exists("oidc:refresh:s.slow:lock")) === 0) await new Promise(setImmediate);
    let isTaken = false;
    const second = redisCoordinator(client).once("s.slow", 60, async () => {
      isTaken = true;
      return "second";
    });
    const until = performance.now() + 2_000;
    while (performance.now() < until && !isTaken) await client.ping();
    expect(isTaken).toBe(false);
    finish("first");
    expect(await Promise.all([first, second])).toEqual(["first", "first"]);
  });

  it("fails clearly, and works not a second time, when a living node takes too long", async () => {
    void redisCoordinator(client)
      .once("s.long", 60, never)
      .catch(() => undefined);
    while ((await client.exists("oidc:refresh:s.long:lock")) === 0) await new Promise(setImmediate);
    let runs = 0;
    const waiting = redisCoordinator(client, { wait: 0.2 }).once("s.long", 60, async () => {
      runs += 1;
      return "second";
    });
    await expect(waiting).rejects.toMatchObject({ code: "ERR_OIDC_PROVIDER_TIMEOUT" });
    expect(runs).toBe(0);
  });

  it("tells a failure to those who wait here, and lets the next one try", async () => {
    const node = redisCoordinator(client);
    const fails = async () => {
      throw new Error("the provider is away");
    };
    await expect(node.once("s.fails", 60, fails)).rejects.toThrow("the provider is away");
    expect(await redisCoordinator(client).once("s.fails", 60, async () => "sealed")).toBe("sealed");
  });

  it("forgets the results of one session on all nodes", async () => {
    const [one, two] = [redisCoordinator(client), redisCoordinator(client)];
    for (const key of ["ended.1", "ended.2", "other.1"]) await one.once(key, 60, async () => key);
    await two.forget?.("ended");
    const left = await client.keys("oidc:refresh:*");
    expect(left.filter((key) => key.includes("ended"))).toEqual([]);
    expect(left).toContain("oidc:refresh:other.1:result");
  });

  it("that hangs for a moment learns the result when it is back, so that no other node works again", async () => {
    const own = await RedisServer.start(program ?? "");
    const [one, two] = [await connect(own), await connect(own)];
    own.pause();
    expect(await redisCoordinator(one, { timeout: 0.2 }).once("s.moment", 60, async () => "first")).toBe("first");
    own.resume();
    await expect.poll(() => two.exists("oidc:refresh:s.moment:result")).toBe(1);
    expect(await redisCoordinator(two).once("s.moment", 60, async () => "second")).toBe("first");
    expect(await two.exists("oidc:refresh:s.moment:lock")).toBe(0);
    await redisCoordinator(two).forget?.("s");
    expect(await two.keys("*")).toEqual([]);
    for (const connected of [one, two]) connected.destroy();
    await own.kill();
  });

  it("hung or gone: each node works by itself, in bounded time, and once for all who ask it", async () => {
    const own = await RedisServer.start(program ?? "");
    const connected = await connect(own);
    const node = redisCoordinator(connected, { timeout: 0.2 });
    let runs = 0;
    const work = async () => {
      runs += 1;
      return "alone";
    };
    own.pause();
    let begun = performance.now();
    expect(await Promise.all([1, 2, 3].map(() => node.once("s.hung", 60, work)))).toEqual(["alone", "alone", "alone"]);
    expect([runs, performance.now() - begun < 1_000]).toEqual([1, true]);
    own.resume();
    await own.kill();
    begun = performance.now();
    expect(await node.once("s.gone", 60, work)).toBe("alone");
    expect([runs, performance.now() - begun < 1_000]).toEqual([2, true]);
    connected.destroy();
    // A client that throws at once is as one that does not answer.
    const broken: RedisClient = {
      sendCommand: () => {
        throw new Error("closed");
      },
    };
    expect(await redisCoordinator(broken).once("s.broken", 60, work)).toBe("alone");
  });
});
