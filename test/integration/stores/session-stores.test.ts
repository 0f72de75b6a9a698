import { createHash } from "node:crypto";
import type { AddOpenIdConnectOptions, SessionOptions, SessionStore } from "add-openid-connect";
import { requireAuth } from "add-openid-connect";
import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import session from "express-session";
import pg from "pg";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { startPostgres } from "../../support/postgres-server.js";
import { RedisServer } from "../../support/redis-server.js";
import { OLD_SECRET, type RelyingParty, type RelyingPartySettings, SECRET } from "../../support/relying-party.js";
import { findProgram, postgresFolders } from "../../support/required-program.js";

const redisProgram = findProgram("redis-server", "apt-get install redis-server");
const initdb = findProgram("initdb", "apt-get install postgresql", postgresFolders());

const fixture = useTestIdp();
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

/** Where sessions live, and how long they last there in this suite. */
interface Kind {
  readonly name: string;
  readonly isMissing?: boolean;
  open?(): Promise<void>;
  close?(): Promise<void>;
  settings(secret: string | readonly string[], session: SessionOptions): RelyingPartySettings;
  store?(): SessionStore;
}

function withStore(store: () => SessionStore): Pick<Kind, "settings" | "store"> {
  return {
    store,
    settings: (secret, more) => ({ options: { session: { ...more, secret, store: store() } } }),
  };
}

let redis: RedisServer;
let redisClient: ReturnType<typeof createClient>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let pool: pg.Pool;
const memory = new session.MemoryStore();
const mounted = new session.MemoryStore();
// Each app that uses it listens to it.
mounted.setMaxListeners(100);

const kinds: readonly Kind[] = [
  { name: "the sealed cookie", settings: (secret, more) => ({ options: { session: { ...more, secret } } }) },
  { name: "MemoryStore", ...withStore(() => memory) },
  {
    name: "Redis",
    isMissing: redisProgram === undefined,
    async open() {
      redis = await RedisServer.start(redisProgram ?? "");
      redisClient = createClient({ url: redis.url });
      redisClient.on("error", () => {});
      await redisClient.connect();
    },
    async close() {
      redisClient.destroy();
      await redis.kill();
    },
    ...withStore(() => new RedisStore({ client: redisClient, prefix: "s:" })),
  },
  {
    name: "PostgreSQL",
    isMissing: initdb === undefined,
    async open() {
      postgres = await startPostgres(initdb ?? "");
      pool = new pg.Pool({ connectionString: postgres.url });
      pool.on("error", () => {});
      // A connection that the server ends while the pool closes is nobody's any more.
      pool.on("connect", (client) => client.on("error", () => {}));
    },
    async close() {
      await pool.end();
      await postgres.stop();
    },
    ...withStore(() => {
      const Store = connectPgSimple(session);
      return new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    }),
  },
  {
    name: "the app's own express-session",
    settings: (secret, more) => ({
      options: { session: Object.keys(more).length > 0 ? more : undefined, transaction: { secret } },
      before: (app) => {
        app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store: mounted }));
      },
    }),
  },
];

/** Another node is another call of this. */
async function start(
  kind: Kind,
  more: AddOpenIdConnectOptions = {},
  secret: string | readonly string[] = SECRET,
  sessionOptions: SessionOptions = {},
): Promise<RelyingParty> {
  clock.ahead = 0;
  const { options, ...settings } = kind.settings(secret, sessionOptions);
  return fixture.start({
    ...settings,
    options: {
      saveTokens: true,
      scope: "openid profile api1 offline_access",
      tokenValidation: { clockTolerance: 100_000 },
      now: clock.now,
      ...options,
      ...more,
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null, session: req.oidc.sessionId ?? null }));
      app.get("/private", requireAuth(), (req, res) => res.send(req.oidc.getToken("access_token")));
      app.get("/refresh", async (req, res) => {
        res.write(" ");
        res.end(await req.oidc.getAccessToken({ forceRefresh: true }));
      });
      app.post("/in", async (req, res) => {
        await req.oidc.signIn({ sub: "local", name: "L" });
        res.json(req.user?.sub);
      });
      app.post("/out", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
    },
  });
}

const subject = async (browser: Browser, url: string) => JSON.parse((await browser.fetch(`${url}/who`)).body).sub;

describe.each(kinds.map((kind) => [kind.name, kind] as const))("sessions in %s", (name, kind) => {
  beforeAll(() => (kind.isMissing === true ? undefined : kind.open?.()), 60_000);
  afterAll(() => (kind.isMissing === true ? undefined : kind.close?.()));
  const test = it.skipIf(kind.isMissing === true);

  test("bring the user and the tokens back", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    const page = await browser.signIn(`${rp.url}/private`);
    expect(page.status).toBe(200);
    expect(page.body.length).toBeGreaterThan(20);
    expect(await subject(browser, rp.url)).toBe("alice");
  });

  test("have a new id at every sign-in, and the one before is dead", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const before = new Browser(browser.jar.clone());
    const first = JSON.parse((await browser.fetch(`${rp.url}/who`)).body).session;
    await browser.request(`${rp.url}/in`, { method: "POST" });
    expect(await subject(browser, rp.url)).toBe("local");
    expect(JSON.parse((await browser.fetch(`${rp.url}/who`)).body).session).not.toBe(first);
    expect(await subject(before, rp.url)).toBe(null);
  });

  test("end at sign-out, for a copy of the cookie too", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const thief = new Browser(browser.jar.clone());
    await browser.request(`${rp.url}/out`, { method: "POST" });
    expect(await subject(browser, rp.url)).toBe(null);
    expect(await subject(thief, rp.url)).toBe(null);
  });

  test("are not taken from what a browser invents", async () => {
    const rp = await start(kind);
    for (const value of ["", "x", "A".repeat(43), "%00", "../../etc", "s:A.B"]) {
      const page = await new Browser().fetch(`${rp.url}/who`, {
        headers: { cookie: `oidc=${value}; connect.sid=${value}` },
      });
      expect([page.status, JSON.parse(page.body).sub]).toEqual([200, null]);
    }
  });

  test("cost nothing for anonymous requests", async () => {
    const rp = await start(kind);
    const page = await new Browser().fetch(`${rp.url}/who`);
    expect(page.setCookies).toEqual([]);
  });

  test("end by a revocation of the user, in this process at least", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    clock.ahead = 5;
    await rp.auth.revoke({ sub: "alice" });
    expect(await subject(browser, rp.url)).toBe(null);
  });

  test("end by each of several revocations within a second, however soon the user is back", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    for (let turn = 0; turn < 3; turn++) {
      await browser.signIn(`${rp.url}/login?returnUrl=/private`);
      expect(await subject(browser, rp.url)).toBe("alice");
      await rp.auth.revoke({ sub: "alice" });
      expect(await subject(browser, rp.url)).toBe(null);
    }
  });

  test("are not shared with an app of another secret", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const store = kind.store?.();
    const other = await fixture.start({
      options: { session: { secret: OLD_SECRET, ...(store === undefined ? {} : { store }) } },
      routes: (app) => {
        app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      },
    });
    expect(await subject(browser, other.url)).toBe(null);
    if (name !== "the app's own express-session") expect(await subject(browser, rp.url)).toBe("alice");
  });

  test("end at their absolute time, however active", async () => {
    const rp = await start(kind, {}, SECRET, { absoluteLifetime: 40_000 });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    for (const ahead of [20_000, 39_900]) {
      clock.ahead = ahead;
      expect(await subject(browser, rp.url)).toBe("alice");
    }
    clock.ahead = 40_001;
    expect(await subject(browser, rp.url)).toBe(null);
  });

  test("open with the older of two secrets, and later with the newer alone", async () => {
    const old = await start(kind, {}, OLD_SECRET);
    const browser = new Browser();
    await browser.signIn(`${old.url}/private`);
    const both = await start(kind, {}, [SECRET, OLD_SECRET]);
    expect(await subject(browser, both.url)).toBe("alice");
    clock.ahead = 5_000;
    expect(await subject(browser, both.url)).toBe("alice");
    // A store is written to beside the answer.
    const rewritten = await start(kind, {}, SECRET);
    await expect.poll(() => subject(browser, rewritten.url)).toBe("alice");
  });

  test("are the same on two nodes, and end on both where the server keeps them", async () => {
    const [one, two] = [await start(kind), await start(kind)];
    const browser = new Browser();
    await browser.signIn(`${one.url}/private`);
    const copy = new Browser(browser.jar.clone());
    expect(await subject(browser, two.url)).toBe("alice");
    await browser.request(`${two.url}/out`, { method: "POST" });
    if (name !== "the sealed cookie") expect(await subject(copy, one.url)).toBe(null);
    expect(await subject(copy, two.url)).toBe(null);
  });

  test("have tokens that were got while an answer streamed, on the next request", async () => {
    const rp = await start(kind);
    const browser = new Browser();
    const first = (await browser.signIn(`${rp.url}/private`)).body;
    const second = (await browser.fetch(`${rp.url}/refresh`)).body.trim();
    expect(second).not.toBe(first);
    for (let i = 0; i < 3; i++) expect((await browser.fetch(`${rp.url}/private`)).body).toBe(second);
  });

  test("are not brought back by new content that comes after the sign-out", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const rp = await start(kind, {
      revokeOnSignOut: false,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (String(init?.body).includes("grant_type=refresh_token")) {
          arrive();
          await gate;
        }
        return response;
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const copy = new Browser(browser.jar.clone());
    const slow = copy.fetch(`${rp.url}/refresh`);
    await arrived;
    // On another node, where the server keeps them: nothing in the process knows of it then.
    const other = name === "the sealed cookie" ? rp : await start(kind, { revokeOnSignOut: false });
    await browser.request(`${other.url}/out`, { method: "POST" });
    release();
    await slow;
    expect([await subject(copy, rp.url), await subject(copy, other.url)]).toEqual([null, null]);
  });
});

describe("a store", () => {
  /** Counts calls, and holds what express-session's MemoryStore holds. */
  function counted(): { readonly store: SessionStore; readonly calls: string[]; readonly held: Map<string, string> } {
    const calls: string[] = [];
    const held = new Map<string, string>();
    const store: SessionStore = {
      get(sid, done) {
        calls.push("get");
        const text = held.get(sid);
        setImmediate(() => done(null, text === undefined ? null : JSON.parse(text)));
      },
      set(sid, value, done) {
        calls.push("set");
        held.set(sid, JSON.stringify(value));
        setImmediate(() => done?.());
      },
      destroy(sid, done) {
        calls.push("destroy");
        held.delete(sid);
        setImmediate(() => done?.());
      },
      touch(_sid, _value, done) {
        calls.push("touch");
        setImmediate(() => done?.());
      },
    };
    return { store, calls, held };
  }

  async function startWith(store: SessionStore, more: RelyingPartySettings["options"] = {}): Promise<RelyingParty> {
    clock.ahead = 0;
    return fixture.start({
      options: {
        now: clock.now,
        session: { secret: SECRET, store, expireTimeSpan: 1_000, storeTimeout: 0.3 },
        ...more,
      },
      routes: (app) => {
        app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
        app.get("/private", requireAuth(), (req, res) => res.send(req.oidc.user.sub));
      },
    });
  }

  it("sees neither the cookie nor a claim nor a token, and the real remaining time", async () => {
    const { store, held } = counted();
    const rp = await startWith(store, { saveTokens: true });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const cookie = browser.jar.get("oidc") ?? "";
    expect(cookie).toMatch(/^[\w-]{43}$/);
    const all = JSON.stringify([...held]);
    for (const secret of [cookie, "alice", "Alice", "eyJhbGciOi"]) expect(all).not.toContain(secret);
    const [stored] = [...held].filter(([sid]) => !sid.includes(".")).map(([, text]) => JSON.parse(text));
    expect(stored.cookie.originalMaxAge).toBe(1_000_000);
    expect(Date.parse(stored.cookie.expires) - Date.now()).toBeGreaterThan(980_000);
  });

  it("is asked once for a request (twice while the provider may log out), and never written to", async () => {
    for (const [supported, expected] of [
      [true, ["get", "get"]],
      [false, ["get"]],
    ] as const) {
      const { store, calls } = counted();
      const rp = await startWith(store, {
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          if (!String(url).endsWith("/openid-configuration")) return response;
          return Response.json({ ...((await response.json()) as object), backchannel_logout_supported: supported });
        },
      });
      const browser = new Browser();
      await browser.signIn(`${rp.url}/private`);
      calls.length = 0;
      await browser.fetch(`${rp.url}/who`);
      expect(calls).toEqual(expected);
      calls.length = 0;
      await new Browser().fetch(`${rp.url}/who`);
      expect(calls).toEqual([]);
    }
  });

  it("is touched at most every tenth of the idle time", async () => {
    const { store, calls } = counted();
    const rp = await startWith(store);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    calls.length = 0;
    for (const ahead of [50, 90, 110, 120, 150, 205]) {
      clock.ahead = ahead;
      await browser.fetch(`${rp.url}/who`);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.filter((call) => call === "touch")).toHaveLength(1);
    clock.ahead = 320;
    await browser.fetch(`${rp.url}/who`);
    expect(calls.filter((call) => call === "touch")).toHaveLength(2);
    expect(calls).not.toContain("set");
  });

  it("loses a session whose absolute end has come when that is read", async () => {
    const { store, held } = counted();
    const rp = await startWith(store, {
      session: { secret: SECRET, store, expireTimeSpan: 1_000, absoluteLifetime: 1_500 },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    clock.ahead = 1_600;
    expect(await subject(browser, rp.url)).toBe(null);
    expect([...held.keys()].filter((sid) => !sid.includes("."))).toEqual([]);
  });

  it("that forgot the session gives a sign-in a fresh key", async () => {
    const { store, held } = counted();
    const rp = await startWith(store);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const first = browser.jar.get("oidc");
    held.clear();
    expect(await subject(browser, rp.url)).toBe(null);
    expect((await browser.signIn(`${rp.url}/private`)).body).toBe("alice");
    expect(browser.jar.get("oidc")).not.toBe(first);
  });

  it("of files, which fails with ENOENT for what is not there, is used all the same; a socket that is not there is down", async () => {
    const { store, held } = counted();
    const missing = (syscall: string) => Object.assign(new Error("no such file"), { code: "ENOENT", syscall });
    const files: SessionStore = {
      ...store,
      get: (sid, done) => (held.has(sid) ? store.get(sid, done) : done(missing("open"))),
      destroy: async (sid, done) => {
        if (!held.has(sid)) throw missing("unlink");
        store.destroy(sid, done);
      },
    };
    const rp = await startWith(files);
    const browser = new Browser();
    expect((await browser.signIn(`${rp.url}/private`)).body).toBe("alice");
    held.clear();
    expect(await subject(browser, rp.url)).toBe(null);
    files.get = (_sid, done) => done(missing("connect"));
    expect((await browser.fetch(`${rp.url}/who`)).status).toBe(503);
    files.get = (sid, done) => (held.has(sid) ? store.get(sid, done) : done(missing("open")));
    expect((await browser.signIn(`${rp.url}/private`)).body).toBe("alice");
    await rp.auth.revoke({ sid: "unknown" });
  });

  it("that is behind with what it reads is asked a few times, and no request falls back to tokens from before", async () => {
    const { store, calls } = counted();
    let behind: object | null | undefined;
    const replica: SessionStore = {
      ...store,
      get: (sid, done) => store.get(sid, (error, found) => done(error, sid.includes(".") ? found : (behind ?? found))),
    };
    const rp = await startWith(replica, { saveTokens: true, scope: "openid offline_access" });
    const renewed = (res: { json(body: unknown): void }, texts: readonly string[]) =>
      res.json(texts.map((text) => text !== "" && text !== texts[0]));
    rp.app.get("/renew", async (req, res) => {
      const before = req.oidc.getToken("access_token") ?? "";
      const [first, second] = await Promise.all([1, 2].map(() => req.oidc.getAccessToken({ forceRefresh: true })));
      renewed(res, [before, first ?? "", second ?? "", await req.oidc.getAccessToken()]);
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    store.get(
      createHash("sha256")
        .update(browser.jar.get("oidc") ?? "")
        .digest("base64url"),
      (_error, found) => {
        behind = found;
      },
    );
    await expect.poll(() => behind).toMatchObject({ ticket: expect.any(String) });
    calls.length = 0;
    expect((await browser.fetch(`${rp.url}/renew`)).body).toBe("[false,true,true,true]");
    expect(calls.length).toBeLessThan(40);
  });

  it("takes no value of another session under this one's key", async () => {
    const { store, held } = counted();
    const rp = await startWith(store);
    const [alice, bob] = [new Browser(), new Browser()];
    await alice.signIn(`${rp.url}/private`);
    const [aliceKey = ""] = [...held.keys()].filter((sid) => !sid.includes("."));
    await bob.signIn(`${rp.url}/private`, { username: "bob" });
    const bobKey = [...held.keys()].find((sid) => !sid.includes(".") && sid !== aliceKey) ?? "";
    held.set(bobKey, held.get(aliceKey) ?? "");
    expect(await subject(bob, rp.url)).toBe(null);
  });

  it.each<[string, (done: (error?: unknown) => void) => void]>([
    ["never answers", () => {}],
    ["fails", (done) => done(new Error("down"))],
    [
      "throws",
      () => {
        throw new Error("down");
      },
    ],
    [
      "answers late and twice",
      (done) => {
        setTimeout(done, 400);
        setTimeout(done, 500);
      },
    ],
  ])("that %s is a 503 for those with a session, and public pages go on", async (_name, failure) => {
    const { store } = counted();
    let isDown = false;
    const flaky: SessionStore = {
      ...store,
      get: (sid, done) => (isDown ? failure(done) : store.get(sid, done)),
      set: (sid, value, done) => (isDown ? failure((error) => done?.(error)) : store.set(sid, value, done)),
      destroy: (sid, done) => (isDown ? failure((error) => done?.(error)) : store.destroy(sid, done)),
    };
    const rp = await startWith(flaky);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    isDown = true;
    const begun = performance.now();
    const page = await browser.request(`${rp.url}/private`);
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_STORE_UNAVAILABLE" });
    expect((await new Browser().fetch(`${rp.url}/who`)).status).toBe(200);
    // No login loop: nobody is sent to the provider for it.
    expect(page.headers.get("location")).toBe(null);
    isDown = false;
    expect((await browser.request(`${rp.url}/private`)).body).toBe("alice");
  });
});

describe.skipIf(redisProgram === undefined)("Redis in the middle of a run", () => {
  it("hung, killed and started again: 503 in time, public pages, and recovery by itself", async () => {
    const server = await RedisServer.start(redisProgram ?? "");
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 50 } });
    client.on("error", () => {});
    await client.connect();
    const rp = await fixture.start({
      options: { session: { secret: SECRET, store: new RedisStore({ client }), storeTimeout: 0.5 } },
      routes: (app) => {
        app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(await subject(browser, rp.url)).toBe("alice");
    server.pause();
    expect((await browser.fetch(`${rp.url}/who`)).status).toBe(503);
    expect((await new Browser().fetch(`${rp.url}/who`)).status).toBe(200);
    server.resume();
    expect(await subject(browser, rp.url)).toBe("alice");
    await server.kill();
    const begun = performance.now();
    expect((await browser.fetch(`${rp.url}/who`)).status).toBe(503);
    const took = performance.now() - begun;
    expect(took).toBeLessThan(5_000);
    await server.start();
    let page = await browser.fetch(`${rp.url}/who`);
    for (let attempt = 0; attempt < 40 && page.status === 503; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      page = await browser.fetch(`${rp.url}/who`);
    }
    // It held nothing over the crash: the user is asked to sign in again.
    expect([page.status, JSON.parse(page.body).sub]).toEqual([200, null]);
    expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toContain("alice");
    console.log(`Redis killed: 503 after ${took.toFixed(0)} ms, sessions again after its restart`);
    client.destroy();
    await server.kill();
    await rp.stop();
  });
});
