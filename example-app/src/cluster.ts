import { type ChildProcess, fork, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { createTestIdp, type TestIdp, type TestIdpOptions } from "add-openid-connect/testing";
import { createMessageApi } from "./message-api.js";
import { createRoundRobinProxy } from "./round-robin-proxy.js";
import { serve } from "./serve.js";

/** Two nodes of the app behind a proxy, with the provider, the API and the Redis that they need. */
export interface Cluster {
  /** The proxy: what browsers see. */
  readonly url: string;
  readonly idp: TestIdp;
  readonly redis: Redis;
  /** Where the nodes listen, without the proxy. */
  nodes(): readonly string[];
  /** Ends a node as a crash does, and starts a new one in its place. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface Redis {
  readonly url: string;
  /** Ends it, and what it held with it. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface ClusterOptions {
  /** Port of the proxy. @defaultValue a free one */
  readonly port?: number;
  /** The compiled entry of a node. @defaultValue node.js beside this file */
  readonly entry?: string;
  readonly idp?: TestIdpOptions;
}

export async function startCluster({ port = 0, entry, idp: idpOptions }: ClusterOptions = {}): Promise<Cluster> {
  const running: (Node | undefined)[] = [];
  const urls = () => running.flatMap((node) => (node === undefined ? [] : [node.url]));
  const ends: (() => Promise<unknown>)[] = [() => Promise.all(running.map((node) => node?.kill("SIGTERM")))];
  const stop = async () => {
    for (const end of ends) await end();
  };
  try {
    const proxy = await serve(createRoundRobinProxy(urls), port);
    ends.push(() => proxy.close());
    const redis = await startRedis();
    ends.push(() => redis.kill());
    const idp = await createTestIdp({
      ...idpOptions,
      clients: [clusterClient(proxy.url), ...(idpOptions?.clients ?? [])],
    });
    ends.push(() => idp.stop());
    const api = await serve(createMessageApi({ issuer: idp.issuer, audience: "api1" }), 0);
    ends.push(() => api.close());
    const environment = {
      ...process.env,
      PORT: "0",
      OIDC_BASE_URL: proxy.url,
      OIDC_AUTHORITY: idp.issuer,
      OIDC_REQUIRE_HTTPS: "false",
      OIDC_CLIENT_ID: "cluster_client",
      OIDC_CLIENT_SECRET: "secret",
      OIDC_SCOPE: "openid profile email roles api1 offline_access",
      SESSION_SECRET: randomBytes(48).toString("base64url"),
      REDIS_URL: redis.url,
      MESSAGE_API_URL: api.url,
    };
    const start = () => startNode(entry ?? fileURLToPath(new URL("./node.js", import.meta.url)), environment);
    running.push(await start());
    running.push(await start());
    return {
      url: proxy.url,
      idp,
      redis,
      nodes: urls,
      async restart(index) {
        const node = running[index];
        running[index] = undefined;
        await node?.kill("SIGKILL");
        running[index] = await start();
      },
      stop,
    };
  } catch (error) {
    // What runs already would outlive this process: Redis is none of its kind.
    await stop();
    throw error;
  }
}

function clusterClient(url: string): NonNullable<TestIdpOptions["clients"]>[number] {
  return {
    client_id: "cluster_client",
    client_secret: "secret",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: [`${url}/signin-oidc`],
    post_logout_redirect_uris: [`${url}/signout-callback-oidc`],
    backchannel_logout_uri: `${url}/backchannel-logout`,
    backchannel_logout_session_required: true,
    scope: "openid profile email roles api1 offline_access",
  };
}

interface Node {
  readonly url: string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

async function startNode(entry: string, env: NodeJS.ProcessEnv): Promise<Node> {
  const child = fork(entry, { env, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [message] = (await Promise.race([once(child, "message"), ended(child)])) as [{ readonly url: string }];
  return { url: message.url, kill: (signal) => end(child, signal) };
}

async function ended(child: ChildProcess): Promise<never> {
  const [code] = await once(child, "exit");
  throw new Error(`A node ended with code ${code} before it listened.`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

async function startRedis(): Promise<Redis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    // Nothing is written to disk: what it holds ends with it.
    const server = spawn(
      "redis-server",
      ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    child = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", () => {
        reject(new Error("redis-server is needed for two nodes: apt-get install redis-server"));
      });
      server.stdout.on("data", (line: Buffer) => {
        if (line.includes("Ready to accept connections")) resolve();
      });
      server.once("exit", (code) => reject(new Error(`redis-server ended with code ${code}.`)));
    });
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill: async () => {
      if (child !== undefined) await end(child, "SIGKILL");
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}
