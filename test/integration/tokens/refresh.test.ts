import { createServer } from "node:http";
import type { SessionStore } from "add-openid-connect";
import { redisCoordinator } from "add-openid-connect/redis";
import type { TestIdp } from "add-openid-connect/testing";
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { RedisServer } from "../../support/redis-server.js";
import { listen, type RelyingParty, type RelyingPartySettings, SECRET, stop } from "../../support/relying-party.js";
import { findProgram } from "../../support/required-program.js";

const redisProgram = findProgram("redis-server", "apt-get install redis-server");
const fixture = useTestIdp({ lifetimes: { accessToken: 300 } });

/** Ahead of the real clock, for the app alone: what the provider issued looks old to it. */
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

let redis: RedisServer;
let client: ReturnType<typeof createClient>;
beforeAll(async () => {
  if (redisProgram === undefined) return;
  redis = await RedisServer.start(redisProgram);
  client = createClient({ url: redis.url });
  client.on("error", () => {});
  await client.connect();
});
afterAll(async () => {
  if (redisProgram === undefined) return;
  client.destroy();
  await redis.kill();
});

const scope = "openid profile api1 offline_access";

async function start(options: RelyingPartySettings["options"] = {}): Promise<RelyingParty> {
  clock.ahead = 0;
  return fixture.start({
    options: {
      scope,
      saveTokens: true,
      now: clock.now,
      tokenValidation: { clockTolerance: 100_000 },
      ...options,
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      app.get("/token", async (req, res) => {
        const { resource, force } = req.query as Record<string, string>;
        res.send(await req.oidc.getAccessToken({ resource, forceRefresh: force === "1" }));
      });
      app.get("/gathered", async (req, res) => {
        // All have seen the same token before any of them asks for another.
        await gathered(Number(req.query["of"]));
        res.send(await req.oidc.getAccessToken({ forceRefresh: true }));
      });
      app.get("/saved", (req, res) => res.send(req.oidc.getToken("access_token")));
      app.get("/stream", async (req, res) => {
        res.write("first ");
        res.end(await req.oidc.getAccessToken({ forceRefresh: true }));
      });
      app.get("/api", async (req, res) => {
        const answer = await req.oidc.fetch(String(req.query["url"]));
        res.status(answer.status).send(await answer.text());
      });
      app.get("/client", async (req, res) => res.send(await req.oidc.getClientToken({ scope: "api1" })));
    },
  });
}

let waiting: (() => void)[] = [];

function gathered(count: number): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length < count) return;
    for (const go of waiting) go();
    waiting = [];
  });
}

const refreshes = (idp: TestIdp) =>
  idp.requests.filter(
    ({ path, parameters }) => path === "/connect/token" && parameters["grant_type"] === "refresh_token",
  );

async function signedIn(rp: RelyingParty): Promise<Browser> {
  const browser = new Browser();
  await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  return browser;
}

const stores: readonly (readonly [string, boolean, () => SessionStore | undefined])[] = [
  ["the sealed cookie", false, () => undefined],
  ["MemoryStore", false, () => new session.MemoryStore()],
  ["Redis", redisProgram === undefined, () => new RedisStore({ client, prefix: "t:" })],
];

describe.each(stores)("an expired access token, sessions in %s", (name, isMissing, store) => {
  it.skipIf(isMissing)(
    "in 50 parallel requests is refreshed once, with no failure, and the session lives",
    async () => {
      const kept = store();
      const rp = await start({ session: { secret: SECRET, ...(kept === undefined ? {} : { store: kept }) } });
      const browser = await signedIn(rp);
      const stale = new Browser(browser.jar.clone());
      const before = refreshes(fixture.idp).length;
      clock.ahead = 290;
      const begun = performance.now();
      const pages = await Promise.all(
        Array.from({ length: 50 }, () => new Browser(stale.jar.clone()).fetch(`${rp.url}/token`)),
      );
      const failures = pages.filter(({ status }) => status !== 200).length;
      const calls = refreshes(fixture.idp).length - before;
      console.log(
        `storm of 50, ${name}: ${calls} refresh, ${failures} failures, ${(performance.now() - begun).toFixed(0)} ms`,
      );
      expect([calls, failures, new Set(pages.map(({ body }) => body)).size]).toEqual([1, 0, 1]);
      for (const { setCookies } of pages) browser.jar.take(setCookies, rp.url);
      // Stragglers with the old cookie get the result, and so does the browser.
      for (const one of [stale, browser]) {
        expect((await one.fetch(`${rp.url}/token`)).body).toBe(pages[0]?.body);
        expect((await one.fetch(`${rp.url}/who`)).body).toContain("alice");
      }
      expect(refreshes(fixture.idp)).toHaveLength(before + 1);
      // And the next time as well: rotation was followed.
      clock.ahead = 290 + 290;
      expect((await browser.fetch(`${rp.url}/token`)).status).toBe(200);
      expect(refreshes(fixture.idp)).toHaveLength(before + 2);
    },
  );

  it.skipIf(isMissing)("for two resources at once is refreshed for each, without a race", async () => {
    const kept = store();
    const rp = await start({ session: { secret: SECRET, ...(kept === undefined ? {} : { store: kept }) } });
    const browser = await signedIn(rp);
    clock.ahead = 290;
    const before = refreshes(fixture.idp).length;
    const [own, other, again] = await Promise.all(
      ["", "?resource=urn:api1", ""].map((query) => new Browser(browser.jar.clone()).fetch(`${rp.url}/token${query}`)),
    );
    expect([own?.status, other?.status, again?.status]).toEqual([200, 200, 200]);
    expect(own?.body).toBe(again?.body);
    expect(other?.body).not.toBe(own?.body);
    expect(refreshes(fixture.idp)).toHaveLength(before + 2);
    expect((await browser.fetch(`${rp.url}/who`)).body).toContain("alice");
  });

  it.skipIf(isMissing)("is renewed in an answer that has begun already, and the next one has it", async () => {
    const kept = store();
    const rp = await start({ session: { secret: SECRET, ...(kept === undefined ? {} : { store: kept }) } });
    const browser = await signedIn(rp);
    const old = (await browser.fetch(`${rp.url}/saved`)).body;
    const streamed = await browser.fetch(`${rp.url}/stream`);
    expect(streamed.body).toMatch(/^first eyJ/);
    const next = await browser.fetch(`${rp.url}/saved`);
    expect(next.body).not.toBe(old);
    expect(`first ${next.body}`).toBe(streamed.body);
    if (kept === undefined) expect(next.setCookies).toHaveLength(1);
    expect((await browser.fetch(`${rp.url}/saved`)).setCookies).toEqual([]);
  });

  it.skipIf(isMissing)(
    "that the provider will not renew ends the session, or leaves it, as the options say",
    async () => {
      for (const onInvalidGrant of ["signOut", "keep"] as const) {
        const kept = store();
        const rp = await start({
          refresh: { onInvalidGrant },
          session: { secret: SECRET, ...(kept === undefined ? {} : { store: kept }) },
          fetch: async (url, init) =>
            String(init?.body).includes("grant_type=refresh_token")
              ? Response.json({ error: "invalid_grant" }, { status: 400 })
              : fetch(url, init),
        });
        const browser = await signedIn(rp);
        clock.ahead = 310;
        const page = await browser.fetch(`${rp.url}/token`);
        expect(page.status).toBe(401);
        expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_REFRESH_REJECTED" });
        const who = JSON.parse((await browser.fetch(`${rp.url}/who`)).body).sub;
        expect(who).toBe(onInvalidGrant === "keep" ? "alice" : null);
      }
    },
  );
});

describe("an access token", () => {
  it("that is good is not renewed, and one that is about to end is", async () => {
    const rp = await start();
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp).length;
    const first = (await browser.fetch(`${rp.url}/token`)).body;
    clock.ahead = 230;
    expect((await browser.fetch(`${rp.url}/token`)).body).toBe(first);
    expect(refreshes(fixture.idp)).toHaveLength(before);
    clock.ahead = 245;
    expect((await browser.fetch(`${rp.url}/token`)).body).not.toBe(first);
    expect(refreshes(fixture.idp)).toHaveLength(before + 1);
  });

  it("is renewed by force once for all who saw the same one", async () => {
    const rp = await start();
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp).length;
    const pages = await Promise.all(
      Array.from({ length: 10 }, () => new Browser(browser.jar.clone()).fetch(`${rp.url}/gathered?of=10`)),
    );
    expect(new Set(pages.map(({ body }) => body)).size).toBe(1);
    expect(refreshes(fixture.idp)).toHaveLength(before + 1);
  });

  it("never carries a code_verifier with its refresh token", async () => {
    const bodies: string[] = [];
    const rp = await start({
      fetch: async (url, init) => {
        bodies.push(String(init?.body ?? ""));
        return fetch(url, init);
      },
    });
    const browser = await signedIn(rp);
    await browser.fetch(`${rp.url}/token?force=1`);
    const [refresh] = bodies.filter((body) => body.includes("grant_type=refresh_token"));
    expect(refresh).toBeDefined();
    expect(refresh).not.toContain("code_verifier");
  });

  it("serves while it lives when the provider is away, and then is a 503", async () => {
    let isDown = false;
    const rp = await start({
      fetch: async (url, init) => {
        if (isDown) throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
        return fetch(url, init);
      },
    });
    const browser = await signedIn(rp);
    isDown = true;
    clock.ahead = 260;
    expect((await browser.fetch(`${rp.url}/token`)).status).toBe(200);
    clock.ahead = 310;
    expect((await browser.fetch(`${rp.url}/token`)).status).toBe(503);
    expect((await browser.fetch(`${rp.url}/who`)).body).toContain("alice");
    isDown = false;
    expect((await browser.fetch(`${rp.url}/token`)).status).toBe(200);
  });

  it("keeps the old refresh token where the answer has none", async () => {
    const sent: (string | null)[] = [];
    const rp = await start({
      clientId: "pkce_client",
      fetch: async (url, init) => {
        const body = new URLSearchParams(String(init?.body ?? ""));
        if (body.get("grant_type") !== "refresh_token") return fetch(url, init);
        sent.push(body.get("refresh_token"));
        return Response.json({ access_token: `fresh-${sent.length}`, token_type: "Bearer", expires_in: 300 });
      },
    });
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/token?force=1`)).body).toBe("fresh-1");
    expect((await browser.fetch(`${rp.url}/token?force=1`)).body).toBe("fresh-2");
    expect(sent).toHaveLength(2);
    expect(sent[0]).toBe(sent[1]);
  });

  it("that ended without a refresh token names what is missing", async () => {
    const plain = await start({ scope: "openid profile api1" });
    const browser = await signedIn(plain);
    expect((await browser.fetch(`${plain.url}/token`)).status).toBe(200);
    clock.ahead = 310;
    expect((await browser.fetch(`${plain.url}/token`)).status).toBe(401);
    expect(plain.errors.at(-1)).toMatchObject({
      code: "ERR_OIDC_NO_REFRESH_TOKEN",
      message: expect.stringContaining("offline_access"),
    });
    const none = await start({ saveTokens: false });
    const other = await signedIn(none);
    expect((await other.fetch(`${none.url}/token`)).status).toBe(401);
    expect(none.errors.at(-1)).toMatchObject({
      code: "ERR_OIDC_TOKEN_NOT_SAVED",
      message: expect.stringContaining("saveTokens"),
    });
  });
});

describe("req.oidc.fetch", () => {
  it("sends a good token, and asks once more with a new one after a 401", async () => {
    const rp = await start();
    const browser = await signedIn(rp);
    const seen: string[] = [];
    const api = createServer((req, res) => {
      seen.push(req.headers.authorization ?? "");
      res.statusCode = seen.length === 1 ? 401 : 200;
      res.end("from the api");
    });
    const url = `http://localhost:${await listen(api)}/`;
    const page = await browser.fetch(`${rp.url}/api?url=${encodeURIComponent(url)}`);
    expect([page.status, page.body]).toEqual([200, "from the api"]);
    expect(seen).toHaveLength(2);
    expect(seen[0]).toMatch(/^Bearer eyJ/);
    expect(seen[1]).not.toBe(seen[0]);
    await stop(api);
  });

  it("does not carry the token to another origin by a redirect", async () => {
    const rp = await start();
    const browser = await signedIn(rp);
    const seen: (string | undefined)[] = [];
    const other = createServer((req, res) => {
      seen.push(req.headers.authorization);
      res.end("elsewhere");
    });
    const elsewhere = `http://127.0.0.1:${await listen(other)}/`;
    const api = createServer((_req, res) =>
      res.writeHead(302, { location: elsewhere.replace("127.0.0.1", "localhost") }).end(),
    );
    const url = `http://localhost:${await listen(api)}/`;
    await browser.fetch(`${rp.url}/api?url=${encodeURIComponent(url)}`);
    expect(seen).toEqual([undefined]);
    await Promise.all([stop(api), stop(other)]);
  });
});

describe("req.oidc.getClientToken", () => {
  it("asks once for many, and again when the token is about to end", async () => {
    const asked: string[] = [];
    const rp = await start({
      clientId: "service_client",
      fetch: async (url, init) => {
        if (String(url).endsWith("/connect/token")) asked.push(String(init?.body));
        return fetch(url, init);
      },
    });
    const pages = await Promise.all(Array.from({ length: 20 }, () => new Browser().fetch(`${rp.url}/client`)));
    expect(pages.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(pages.map(({ body }) => body)).size).toBe(1);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain("grant_type=client_credentials");
    clock.ahead = 250;
    await new Browser().fetch(`${rp.url}/client`);
    expect(asked).toHaveLength(2);
  });
});

describe.skipIf(redisProgram === undefined)("two nodes with the Redis coordinator", () => {
  it.each([
    ["sealed cookies", (): SessionStore | undefined => undefined],
    ["a store", (): SessionStore | undefined => new RedisStore({ client, prefix: "two:" })],
  ] as const)("and %s refresh once for 50 requests", async (name, store) => {
    const kept: SessionStore | undefined = store();
    const options = (): NonNullable<RelyingPartySettings["options"]> => ({
      refresh: { coordinator: redisCoordinator(client) },
      session: { secret: SECRET, ...(kept === undefined ? {} : { store: kept }) },
    });
    const nodes = [await start(options()), await start(options())];
    const browser = await signedIn(nodes[0] as RelyingParty);
    const before = refreshes(fixture.idp).length;
    clock.ahead = 290;
    const pages = await Promise.all(
      Array.from({ length: 50 }, (_, i) => new Browser(browser.jar.clone()).fetch(`${nodes[i % 2]?.url}/token`)),
    );
    const failures = pages.filter(({ status }) => status !== 200).length;
    const calls = refreshes(fixture.idp).length - before;
    console.log(`storm of 50 on two nodes, ${name}: ${calls} refresh, ${failures} failures`);
    expect([calls, failures, new Set(pages.map(({ body }) => body)).size]).toEqual([1, 0, 1]);
    for (const node of nodes) expect((await browser.fetch(`${node.url}/token`)).body).toBe(pages[0]?.body);
    expect(refreshes(fixture.idp)).toHaveLength(before + 1);
  });

  it("refresh by themselves while Redis is away", async () => {
    const server = await RedisServer.start(redisProgram ?? "");
    const own = createClient({ url: server.url, disableOfflineQueue: true });
    own.on("error", () => {});
    await own.connect();
    const rp = await start({ refresh: { coordinator: redisCoordinator(own, { timeout: 0.2 }) } });
    const browser = await signedIn(rp);
    await server.kill();
    expect((await browser.fetch(`${rp.url}/token?force=1`)).status).toBe(200);
    own.destroy();
  });
});
