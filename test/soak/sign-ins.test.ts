import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { addOpenIdConnect, type SessionOptions } from "add-openid-connect";
import express, { type Express } from "express";
import session from "express-session";
import { describe, expect, it } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const SECRET = "soak-0123456789-abcdefghijklmnopqrstuvwxyz";
const SIGN_INS = 10_000;

function createApp(options: SessionOptions): Express {
  const app = express();
  app.use(
    addOpenIdConnect({
      authority: "https://login.example",
      clientId: "app",
      backchannelLogoutPath: false,
      session: { secret: SECRET, ...options },
    }),
  );
  let count = 0;
  app.post("/in", async (req, res) => {
    await req.oidc.signIn({ sub: `user-${count++}`, name: "Some Body", email: "somebody@example.com" });
    res.end();
  });
  app.get("/who", (req, res) => void res.end(req.user?.sub));
  return app;
}

function send(app: Express, method: string, url: string, cookie?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const req = new IncomingMessage(new Socket());
    Object.assign(req, { method, url, headers: { host: "localhost", ...(cookie === undefined ? {} : { cookie }) } });
    const res = new ServerResponse(req);
    res.end = ((): ServerResponse => {
      if (!res.headersSent) res.writeHead(res.statusCode);
      const lines = res.getHeader("set-cookie") as string[] | undefined;
      resolve(lines?.[0]?.split(";")[0]);
      return res;
    }) as typeof res.end;
    app(req, res as never);
  });
}

const heapMb = () => {
  collect();
  return process.memoryUsage().heapUsed / 1_048_576;
};

describe(`${SIGN_INS} sign-ins`, () => {
  it.each<[string, () => SessionOptions, number]>([
    // Bounded by the cache of opened tickets, 24 MB of text and the objects made of it.
    ["in cookies", () => ({}), 45],
    ["in a store that forgets", () => ({ store: forgetful() }), 60],
  ])(
    "%s leave no timer, and no growth beyond the stated bounds",
    async (name, options, limitMb) => {
      const app = createApp(options());
      for (let i = 0; i < 200; i++) await send(app, "POST", "/in");
      const timers = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
      const before = heapMb();
      for (let i = 0; i < SIGN_INS; i++) {
        const cookie = await send(app, "POST", "/in");
        await send(app, "GET", "/who", cookie);
      }
      const half = heapMb();
      for (let i = 0; i < SIGN_INS; i++) {
        const cookie = await send(app, "POST", "/in");
        await send(app, "GET", "/who", cookie);
      }
      const after = heapMb();
      const left = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length - timers;
      const text = `${(half - before).toFixed(1)} MB after ${SIGN_INS}, ${(after - before).toFixed(1)} MB after twice as many`;
      console.log(`sign-ins ${name}: heap +${text}; timers left: ${left}`);
      expect(left).toBeLessThanOrEqual(0);
      expect(after - before).toBeLessThan(limitMb);
    },
    120_000,
  );
});

/** Holds the last 100 sessions: what grows then is the library's. */
function forgetful(): SessionOptions["store"] {
  const memory = new session.MemoryStore();
  const keys: string[] = [];
  const { set } = memory;
  memory.set = (sid, value, done) => {
    keys.push(sid);
    const oldest = keys.length > 100 ? keys.shift() : undefined;
    if (oldest !== undefined) memory.destroy(oldest);
    set.call(memory, sid, value, done);
  };
  return memory;
}
