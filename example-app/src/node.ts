/*
 * One of several nodes of the app, as two-nodes.ts starts them: sessions in Redis, and one refresh for all nodes. It
 * tells its parent where it listens.
 */
import { fromEnvironment } from "add-openid-connect";
import { redisCoordinator } from "add-openid-connect/redis";
import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { createApp } from "./create-app.js";
import { required } from "./required.js";
import { serve } from "./serve.js";

const client = createClient({
  url: required("REDIS_URL"),
  // Without a bound, commands would wait for as long as Redis is away.
  disableOfflineQueue: true,
  socket: { connectTimeout: 1_000, reconnectStrategy: (retries) => Math.min(100 * retries, 1_000) },
});
// Told to whoever asks the store; a Redis client without a listener would end the process.
client.on("error", () => {});
await client.connect();

const environment = fromEnvironment();
const app = await serve(
  createApp({
    oidc: {
      ...environment,
      saveTokens: true,
      session: { ...environment.session, store: new RedisStore({ client, prefix: "session:" }) },
      refresh: { coordinator: redisCoordinator(client) },
    },
    messageApiUrl: required("MESSAGE_API_URL"),
    trustProxy: "loopback",
  }),
  Number(process.env["PORT"] ?? 0),
);
process.send?.({ url: app.url });

process.once("SIGTERM", () => process.exit(0));
// Its parent is gone.
process.once("disconnect", () => process.exit(0));
