import { randomBytes } from "node:crypto";
import session from "express-session";
import { beforeEach, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingPartySettings, SECRET } from "../../support/relying-party.js";
import { createClock, isRefresh, refreshes, signedIn, startWithTokens } from "./relying-party-with-tokens.js";

const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
const fixture = useTestIdp({ lifetimes: { accessToken: 300 } });
const clock = createClock();
beforeEach(() => {
  clock.ahead = 0;
});
const start = (options: RelyingPartySettings["options"] = {}, settings: RelyingPartySettings = {}) =>
  startWithTokens(fixture, clock, { ...settings, options });

const token = async (browser: Browser, url: string) => {
  const { status, body } = await browser.fetch(`${url}/token`);
  return { status, body };
};
const who = async (browser: Browser, url: string) => JSON.parse((await browser.fetch(`${url}/who`)).body).sub;

describe("two nodes without a shared coordinator", () => {
  it.each([
    ["sealed cookies", () => undefined],
    ["a store", () => new session.MemoryStore()],
  ])("and %s: the node that is refused first does not end the session that the other renews", async (_name, create) => {
    const store = create();
    const kept = { session: { secret: SECRET, ...(store !== undefined && { store }) } };
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let answered = () => {};
    const atProvider = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const slow = await start({
      ...kept,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!isRefresh(init)) return response;
        answered();
        await gate;
        return response;
      },
    });
    const other = await start({
      ...kept,
      fetch: async (url, init) =>
        // What a provider with reuse detection says; the test provider would end the whole grant as well.
        isRefresh(init) ? Response.json({ error: "invalid_grant" }, { status: 400 }) : fetch(url, init),
    });
    const browser = await signedIn(slow);
    clock.ahead = 290;
    const first = token(browser, slow.url);
    await atProvider;
    expect((await token(new Browser(browser.jar.clone()), other.url)).status).toBe(401);
    open();
    expect((await first).status).toBe(200);
    for (const node of [slow, other, slow]) {
      expect(await who(browser, node.url)).toBe("alice");
      expect(await token(browser, node.url)).toEqual(await first);
    }
  });
});

describe("a refresh", () => {
  it("runs once for 50 parallel requests, also when each request changes the session", async () => {
    let count = 0;
    const onValidatePrincipal = async (context: { replace(change: { items: Record<string, string> }): void }) => {
      count += 1;
      // Each at another time: no two requests see the same version of the session.
      for (let turn = 0; turn < (count % 7) * 5; turn++) await new Promise(setImmediate);
      context.replace({ items: { count: String(count) } });
    };
    const rp = await start({ session: { secret: SECRET, events: { onValidatePrincipal } } });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 290;
    const pages = await Promise.all(Array.from({ length: 50 }, () => token(new Browser(browser.jar.clone()), rp.url)));
    const failures = pages.filter(({ status }) => status !== 200).length;
    expect([refreshes(fixture.idp) - before, failures]).toEqual([1, 0]);
  });

  it("runs once for 50 parallel requests in the app's own express-session", async () => {
    const store = new session.MemoryStore();
    const rp = await start(
      { session: undefined, transaction: { secret: SECRET } },
      { before: (app) => app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store })) },
    );
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 290;
    const pages = await Promise.all(Array.from({ length: 50 }, () => token(new Browser(browser.jar.clone()), rp.url)));
    const failures = pages.filter(({ status }) => status !== 200).length;
    console.log(`storm of 50, mounted session: ${refreshes(fixture.idp) - before} refresh, ${failures} failures`);
    expect([refreshes(fixture.idp) - before, failures, new Set(pages.map(({ body }) => body)).size]).toEqual([1, 0, 1]);
    clock.ahead = 580;
    expect((await token(browser, rp.url)).status).toBe(200);
    expect(refreshes(fixture.idp)).toBe(before + 2);
  });

  it("is not lost when the store fails just then: the next request has its result", async () => {
    const store = new session.MemoryStore();
    const set = store.set.bind(store);
    let isAway = false;
    store.set = (id, value, done) => (isAway ? done?.(new Error("away")) : set(id, value, done));
    const rp = await start({ session: { secret: SECRET, store } });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 290;
    isAway = true;
    expect((await token(browser, rp.url)).status).toBe(503);
    isAway = false;
    expect((await token(browser, rp.url)).status).toBe(200);
    expect(await who(browser, rp.url)).toBe("alice");
    expect(refreshes(fixture.idp)).toBe(before + 1);
    // It is the new refresh token that is kept.
    clock.ahead = 580;
    expect((await token(browser, rp.url)).status).toBe(200);
  });

  it("is not lost when a node that has just started cannot have the provider's keys", async () => {
    const first = await start();
    const started = await start({
      fetch: async (url, init) => {
        if (String(url).includes("jwks")) throw new TypeError("fetch failed");
        return fetch(url, init);
      },
    });
    const browser = await signedIn(first);
    clock.ahead = 290;
    const { status, body } = await token(browser, started.url);
    expect(status).toBe(200);
    expect(await token(browser, started.url)).toEqual({ status, body });
    expect(await who(browser, started.url)).toBe("alice");
    // What the unread ID token would have been checked for is for the next refresh.
    clock.ahead = 580;
    expect((await token(browser, first.url)).status).toBe(200);
  });

  it.each([500, 502, 503])(
    "that is answered %i leaves the old token while it lives, and the session",
    async (status) => {
      let isDown = true;
      const rp = await start({
        fetch: async (url, init) =>
          isDown && isRefresh(init) ? new Response("<h1>down</h1>", { status }) : fetch(url, init),
      });
      const browser = await signedIn(rp);
      const old = JSON.parse((await browser.fetch(`${rp.url}/saved`)).body).access;
      clock.ahead = 260;
      expect(await token(browser, rp.url)).toEqual({ status: 200, body: old });
      clock.ahead = 310;
      expect((await token(browser, rp.url)).status).toBeGreaterThanOrEqual(502);
      expect(await who(browser, rp.url)).toBe("alice");
      isDown = false;
      expect((await token(browser, rp.url)).status).toBe(200);
    },
  );

  it.each([
    ["another resource's token", "resource=urn:big"],
    ["the session's own token", "force=1"],
  ])(
    "whose result is too large for the cookie (%s) serves who asked, and keeps the new refresh token",
    async (_name, query) => {
      const sent: (string | null)[] = [];
      let isLarge = true;
      let allHaveCome = () => {};
      const all = new Promise<void>((resolve) => {
        allHaveCome = resolve;
      });
      let asking = 0;
      const before: RelyingPartySettings["before"] = (app) => {
        app.use("/token", (_req, _res, next) => {
          if (++asking === 5) allHaveCome();
          next();
        });
      };
      const answer: typeof fetch = async (url, init) => {
        if (!isRefresh(init)) return fetch(url, init);
        await all;
        sent.push(new URLSearchParams(String(init?.body)).get("refresh_token"));
        // Random, for what repeats gets small.
        const access_token = isLarge ? randomBytes(9_000).toString("base64url") : "small";
        return Response.json({ access_token, token_type: "Bearer", expires_in: 300, refresh_token: `r${sent.length}` });
      };
      const rp = await start({ fetch: answer }, { before });
      const browser = await signedIn(rp);
      const pages = await Promise.all(
        Array.from({ length: 5 }, () => new Browser(browser.jar.clone()).fetch(`${rp.url}/token?${query}`)),
      );
      expect(pages.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
      expect([new Set(pages.map(({ body }) => body)).size, sent.length]).toEqual([1, 1]);
      isLarge = false;
      clock.ahead = 400;
      expect(await token(browser, rp.url)).toEqual({ status: 200, body: "small" });
      expect(sent.slice(1)).toEqual(["r1"]);
    },
  );

  it("that is refused leaves the old token to its end where onInvalidGrant is keep", async () => {
    const rp = await start({
      refresh: { onInvalidGrant: "keep" },
      fetch: async (url, init) =>
        isRefresh(init) ? Response.json({ error: "invalid_grant" }, { status: 400 }) : fetch(url, init),
    });
    const browser = await signedIn(rp);
    clock.ahead = 260;
    expect((await token(browser, rp.url)).status).toBe(200);
    clock.ahead = 310;
    expect((await token(browser, rp.url)).status).toBe(401);
    expect(await who(browser, rp.url)).toBe("alice");
  });

  it("that the registration does not allow leaves the old token while it lives, and is named then", async () => {
    const rp = await start({
      fetch: async (url, init) =>
        isRefresh(init) ? Response.json({ error: "unauthorized_client" }, { status: 400 }) : fetch(url, init),
    });
    const browser = await signedIn(rp);
    clock.ahead = 260;
    expect((await token(browser, rp.url)).status).toBe(200);
    clock.ahead = 310;
    expect((await token(browser, rp.url)).status).toBe(502);
    expect(rp.errors.at(-1)).toMatchObject({ message: expect.stringContaining("refresh token grant") });
  });

  it.each<[string, () => unknown, number]>([
    ["rejects", () => Promise.reject(new Error("away")), 503],
    [
      "throws",
      () => {
        throw new Error("away");
      },
      503,
    ],
    ["answers nothing", async () => undefined, 502],
    ["answers what nobody here has sealed", async () => "AAAA", 502],
  ])("whose coordinator %s leaves the old token while it lives, and the session", async (_name, once, status) => {
    const rp = await start({ refresh: { coordinator: { once: once as () => Promise<string> } } });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 260;
    expect((await token(browser, rp.url)).status).toBe(200);
    clock.ahead = 310;
    expect((await token(browser, rp.url)).status).toBe(status);
    expect(rp.errors.at(-1)).toMatchObject({ message: expect.stringContaining("coordinator") });
    expect([await who(browser, rp.url), refreshes(fixture.idp)]).toEqual(["alice", before]);
  });

  it("is forgotten at sign-out: nothing is remembered for stragglers of a session that ended", async () => {
    const results = new Map<string, string>();
    const rp = await start({
      refresh: {
        coordinator: {
          async once(key, _graceSeconds, work) {
            const known = results.get(key) ?? (await work());
            results.set(key, known);
            return known;
          },
          forget(session) {
            for (const key of results.keys()) if (key.startsWith(`${session}.`)) results.delete(key);
          },
        },
      },
    });
    const [browser, other] = [await signedIn(rp), await signedIn(rp)];
    clock.ahead = 290;
    for (const one of [browser, other]) expect((await token(one, rp.url)).status).toBe(200);
    expect(results.size).toBe(2);
    expect([...results.values()].some((sealed) => /alice|eyJ/.test(sealed))).toBe(false);
    await browser.fetch(`${rp.url}/logout`, { headers: { "sec-fetch-site": "same-origin", ...NAVIGATION } });
    expect(await who(browser, rp.url)).toBe(null);
    expect(results.size).toBe(1);
  });
});

describe("an access token", () => {
  it("is of one user alone, across refreshes", async () => {
    const rp = await start();
    const [alice, bob] = [await signedIn(rp), new Browser()];
    await bob.signIn(`${rp.url}/login?returnUrl=/who`, { username: "bob" });
    const seen = new Set<string>();
    for (const ahead of [0, 290, 580]) {
      clock.ahead = ahead;
      for (const { status, body } of await Promise.all([alice, bob].map((browser) => token(browser, rp.url)))) {
        expect(status).toBe(200);
        seen.add(body);
      }
    }
    expect(seen.size).toBe(6);
    expect([await who(alice, rp.url), await who(bob, rp.url)]).toEqual(["alice", "bob"]);
  });

  it("without expires_in is long-lived", async () => {
    const rp = await start({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!String(url).endsWith("/connect/token")) return response;
        const { expires_in: _, ...body } = (await response.json()) as Record<string, unknown>;
        return Response.json(body);
      },
    });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    const { body } = await token(browser, rp.url);
    clock.ahead = 20_000;
    expect(await token(browser, rp.url)).toEqual({ status: 200, body });
    expect(refreshes(fixture.idp)).toBe(before);
  });

  it("that lives no longer than refresh.before is renewed at half of its life, not by each request", async () => {
    const short = (seconds: number) => async (url: string | URL | Request, init?: RequestInit) => {
      const response = await fetch(url, init);
      if (!String(url).endsWith("/connect/token")) return response;
      return Response.json({ ...((await response.json()) as object), expires_in: seconds });
    };
    const rp = await start({ fetch: short(40) });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    for (const ahead of [0, 10, 18]) {
      clock.ahead = ahead;
      expect((await token(browser, rp.url)).status).toBe(200);
    }
    expect(refreshes(fixture.idp)).toBe(before);
    for (const ahead of [25, 30, 40]) {
      clock.ahead = ahead;
      expect((await token(browser, rp.url)).status).toBe(200);
    }
    expect(refreshes(fixture.idp)).toBe(before + 1);
    const dead = await start({ fetch: short(0) });
    const other = await signedIn(dead);
    const then = refreshes(fixture.idp);
    expect((await token(other, dead.url)).status).toBe(502);
    expect(refreshes(fixture.idp)).toBe(then + 1);
  });

  it("that lasts longer than any date has the last one as its end", async () => {
    const rp = await start({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!String(url).endsWith("/connect/token")) return response;
        return Response.json({ ...((await response.json()) as object), expires_in: 1e300 });
      },
    });
    rp.app.get("/end", (req, res) => res.send(req.oidc.getToken("expires_at")));
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/end`)).body).toBe("9999-12-31T23:59:59.000Z");
    clock.ahead = 1e9;
    expect((await token(browser, rp.url)).status).toBe(401);
  });

  it("for another resource is kept beside the others, ten of them at most", async () => {
    let count = 0;
    const rp = await start({
      session: { secret: SECRET, store: new session.MemoryStore() },
      fetch: async (url, init) => {
        if (!isRefresh(init)) return fetch(url, init);
        count += 1;
        return Response.json({ access_token: `t${count}`, token_type: "Bearer", expires_in: 10_000 });
      },
    });
    const browser = await signedIn(rp);
    const of = (resource: number) => browser.fetch(`${rp.url}/token?resource=urn:${resource}`).then(({ body }) => body);
    for (let i = 1; i <= 12; i++) expect(await of(i)).toBe(`t${i}`);
    for (let i = 12; i >= 3; i--) expect(await of(i)).toBe(`t${i}`);
    expect(count).toBe(12);
    expect(await of(1)).toBe("t13");
  });

  it("with less scope than before leaves less in grantedScopes", async () => {
    const rp = await start({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!isRefresh(init)) return response;
        return Response.json({ ...((await response.json()) as object), scope: "openid profile" });
      },
    });
    const browser = await signedIn(rp);
    const granted = async () => JSON.parse((await browser.fetch(`${rp.url}/granted`)).body);
    expect(await granted()).toContain("api1");
    await browser.fetch(`${rp.url}/token?force=1`);
    expect(await granted()).toEqual(["openid", "profile"]);
  });
});
