import { randomUUID } from "node:crypto";
import { type AddOpenIdConnectOptions, requireAuth, type SessionStore } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { createLogoutTokenSigner, postLogoutToken } from "../../support/logout-tokens.js";
import { OLD_SECRET, type RelyingParty, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp({
  clients: [
    {
      client_id: "sid_client",
      client_secret: "secret",
      redirect_uris: ["https://app.test/signin-oidc"],
      backchannel_logout_uri: "http://localhost:9/unused",
      backchannel_logout_session_required: true,
    },
  ],
});
const signer = await createLogoutTokenSigner();
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

/** Keeps for as long as it was told, by the tests' clock; its writes wait where a test says so. */
class ClockStore implements SessionStore {
  readonly held = new Map<string, { readonly text: string; readonly end: number }>();
  readonly calls: string[] = [];
  beforeSet: (sid: string) => Promise<void> | undefined = () => undefined;
  touch?: NonNullable<SessionStore["touch"]> = (sid, value, done) => {
    this.calls.push(`touch ${sid}`);
    const known = this.held.get(sid);
    if (known !== undefined) this.held.set(sid, { text: known.text, end: endOf(value) });
    setImmediate(() => done?.());
  };

  get(sid: string, done: (error: unknown, value?: object | null) => void): void {
    this.calls.push(`get ${sid}`);
    const known = this.held.get(sid);
    const value = known === undefined || known.end <= clock.now() ? null : JSON.parse(known.text);
    setImmediate(() => done(null, value));
  }

  async set(sid: string, value: object, done?: (error?: unknown) => void): Promise<void> {
    this.calls.push(`set ${sid}`);
    await this.beforeSet(sid);
    this.held.set(sid, { text: JSON.stringify(value), end: endOf(value) });
    setImmediate(() => done?.());
  }

  destroy(sid: string, done?: (error?: unknown) => void): void {
    this.calls.push(`destroy ${sid}`);
    this.held.delete(sid);
    setImmediate(() => done?.());
  }

  /** Keys of sessions alone. */
  get sessions(): readonly string[] {
    return [...this.held.keys()].filter((sid) => !sid.includes("."));
  }
}

/** As stores do that read `maxAge`, which express-session has as a getter. */
function endOf(value: object): number {
  const { maxAge } = (value as { readonly cookie: { readonly maxAge: number } }).cookie;
  return clock.now() + maxAge / 1000;
}

async function node(
  store: SessionStore,
  more: AddOpenIdConnectOptions = {},
  session: AddOpenIdConnectOptions["session"] = {},
): Promise<RelyingParty> {
  return fixture.start({
    options: {
      now: clock.now,
      saveTokens: true,
      scope: "openid profile api1 offline_access",
      tokenValidation: { clockTolerance: 1_000_000 },
      session: { secret: SECRET, store, expireTimeSpan: 1_000, storeTimeout: 0.5, ...session },
      ...more,
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      app.get("/private", requireAuth(), (req, res) => res.send(req.oidc.getToken("access_token")));
      app.get("/sid", requireAuth(), (req, res) => {
        const [, payload = ""] = req.oidc.getToken("id_token")?.split(".") ?? [];
        res.send(JSON.parse(Buffer.from(payload, "base64url").toString()).sid);
      });
      app.get("/refresh", async (req, res) => res.send(await req.oidc.getAccessToken({ forceRefresh: true })));
      app.post("/out", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
    },
  });
}

async function signedIn(rp: RelyingParty): Promise<Browser> {
  const browser = new Browser();
  await browser.signIn(`${rp.url}/private`);
  return browser;
}

const subject = async (browser: Browser, rp: RelyingParty) =>
  JSON.parse((await browser.fetch(`${rp.url}/who`)).body).sub;

/** What a test holds up, and when that has been reached. */
function gate() {
  let open = () => {};
  let reach = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { opened, open: () => open(), reached, reach: () => reach() };
}

/** Holds up what the provider answers to a refresh. */
function slowRefresh(held: ReturnType<typeof gate>): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (String(init?.body).includes("grant_type=refresh_token")) {
      held.reach();
      await held.opened;
    }
    return response;
  };
}

describe("a session that ends on another node", () => {
  it.each(["while new content is being written", "before new content is written"])("stays ended: %s", async (when) => {
    clock.ahead = 0;
    const store = new ClockStore();
    const held = gate();
    const isWriting = when.startsWith("while");
    const one = await node(store, isWriting ? {} : { fetch: slowRefresh(held) });
    const two = await node(store, { revokeOnSignOut: false });
    const browser = await signedIn(one);
    const [sid = ""] = store.sessions;
    if (isWriting) {
      store.beforeSet = (key) => {
        if (key !== sid) return undefined;
        held.reach();
        return held.opened;
      };
    }
    const slow = browser.fetch(`${one.url}/refresh`);
    await held.reached;
    await new Browser(browser.jar.clone()).request(`${two.url}/out`, { method: "POST" });
    held.open();
    expect((await slow).status).toBe(200);
    expect(store.sessions).toEqual([]);
    expect([await subject(browser, one), await subject(browser, two)]).toEqual([null, null]);
  });

  it("by the provider's sid does so after months of use too", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const client = { clientId: "sid_client", scope: "openid profile" };
    const [one, two] = [await node(store, client), await node(store, client)];
    const browser = await signedIn(one);
    const other = new Browser();
    await other.signIn(`${one.url}/private`, { username: "bob" });
    const { body: sid } = await browser.fetch(`${one.url}/sid`);
    for (let day = 1; day <= 10; day++) {
      clock.ahead += 900;
      expect([await subject(browser, one), await subject(other, one)]).toEqual(["alice", "bob"]);
      await expect.poll(() => [...store.held.values()].filter(({ end }) => end - clock.now() > 950).length).toBe(4);
    }
    await two.auth.revoke({ sid });
    expect([await subject(browser, one), await subject(other, one)]).toEqual([null, "bob"]);
    // The provider was not told, and comes with the same sid: no loop.
    await browser.signIn(`${two.url}/private`);
    expect([await subject(browser, one), await subject(browser, two)]).toEqual(["alice", "alice"]);
  });

  it("by the provider's sid does so with all that began at the same moment, on whichever node", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const client = { clientId: "sid_client", scope: "openid profile" };
    const nodes = [await node(store, client), await node(store, client)] as const;
    const first = await signedIn(nodes[0]);
    const { body: sid } = await first.fetch(`${nodes[0].url}/sid`);
    await first.request(`${nodes[0].url}/out`, { method: "POST" });
    const tabs = await Promise.all(
      [...nodes, ...nodes].map(async (rp) => {
        const browser = new Browser(first.jar.clone());
        const callback = await browser.signInUpToCallback(`${rp.url}/private`);
        return { browser, callback };
      }),
    );
    // Each node has read the index before either has written it.
    const held = gate();
    const writers: string[] = [];
    store.beforeSet = (key) => {
      if (!key.startsWith("sid.") || writers.push(key) > 2) return undefined;
      if (writers.length === 2) held.open();
      return held.opened;
    };
    await Promise.all(tabs.map(({ browser, callback }) => browser.open(callback)));
    expect(store.sessions).toHaveLength(4);
    await nodes[1].auth.revoke({ sid });
    expect(store.sessions).toEqual([]);
  });

  it("by the provider's sid never begins where its sign-in is still under way", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const held = gate();
    let sid: unknown;
    const client = { clientId: "sid_client", scope: "openid profile" };
    const one = await node(store, {
      ...client,
      events: {
        onTokenValidated: async ({ claims }) => {
          sid = claims?.["sid"];
          held.reach();
          await held.opened;
        },
      },
    });
    const two = await node(store, { ...client, fetch: signer.fetch() });
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${one.url}/private`);
    const done = browser.request(callback);
    await held.reached;
    const iat = Math.floor(clock.now());
    const claims = { iss: fixture.idp.issuer, aud: "sid_client", iat, exp: iat + 120, jti: randomUUID(), sid };
    expect((await postLogoutToken(two.url, await signer.sign(claims))).status).toBe(200);
    held.open();
    expect((await done).status).toBe(302);
    expect(store.sessions).toEqual([]);
    expect([await subject(browser, one), await subject(browser, two)]).toEqual([null, null]);
  });

  it("by its id does so at once", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const [one, two] = [await node(store), await node(store)];
    const browser = await signedIn(one);
    const [sessionId = ""] = store.sessions;
    await two.auth.revoke({ sessionId });
    expect(await subject(browser, one)).toBe(null);
  });

  it("with all of its user's ends those that began before, and a new one begins in the same second", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const [one, two] = [await node(store), await node(store)];
    const browser = await signedIn(one);
    for (let turn = 0; turn < 3; turn++) {
      await two.auth.revoke({ sub: "alice" });
      expect(await subject(browser, one)).toBe(null);
      expect(store.sessions).toEqual([]);
      await browser.signIn(`${one.url}/login?returnUrl=/private`);
      expect(await subject(browser, one)).toBe("alice");
    }
  });
});

describe("a sign-out with a cookie of no session", () => {
  it("writes nothing to the store", async () => {
    const store = new ClockStore();
    const rp = await node(store);
    const browser = new Browser();
    browser.jar.set("oidc", "A".repeat(43), rp.url);
    expect((await browser.request(`${rp.url}/out`, { method: "POST" })).body).toBe("out");
    expect(store.calls.filter((call) => !call.startsWith("get"))).toEqual([]);
    expect(browser.jar.names()).not.toContain("oidc");
  });
});

describe("a refused refresh token", () => {
  it("ends nothing that another node is refreshing at the moment", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const held = gate();
    const one = await node(store, { fetch: slowRefresh(held) });
    const two = await node(store);
    const browser = await signedIn(one);
    const slow = browser.fetch(`${one.url}/refresh`);
    await held.reached;
    const refused = await new Browser(browser.jar.clone()).fetch(`${two.url}/refresh`);
    expect(refused.status).toBe(401);
    expect(await subject(browser, two)).toBe(null);
    held.open();
    expect((await slow).status).toBe(200);
    expect([await subject(browser, one), await subject(browser, two)]).toEqual(["alice", "alice"]);
  });

  it("ends the session in the store when nobody has refreshed it within the grace", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    const rp = await node(store, {
      fetch: (url, init) =>
        String(init?.body).includes("grant_type=refresh_token")
          ? Promise.resolve(Response.json({ error: "invalid_grant" }, { status: 400 }))
          : fetch(url, init),
    });
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/refresh`)).status).toBe(401);
    expect(await subject(browser, rp)).toBe(null);
    expect(store.sessions).toHaveLength(1);
    clock.ahead = 61;
    expect(await subject(browser, rp)).toBe(null);
    expect(store.sessions).toEqual([]);
  });
});

describe("a store without touch", () => {
  it("keeps a session that is used, and never gets old content back", async () => {
    clock.ahead = 0;
    const store = new ClockStore();
    delete store.touch;
    const [one, two] = [await node(store), await node(store)];
    const browser = await signedIn(one);
    const [sid = ""] = store.sessions;
    const before = store.held.get(sid)?.text;
    clock.ahead = 600;
    const held = gate();
    // The node that moves the end is overtaken by new content, after it has read the old.
    store.beforeSet = () => undefined;
    const get = store.get.bind(store);
    let reads = 0;
    store.get = (key, done) => {
      if (key === sid && ++reads === 2) {
        held.reach();
        void held.opened.then(() => get(key, done));
      } else get(key, done);
    };
    expect(await subject(browser, one)).toBe("alice");
    await held.reached;
    const token = (await new Browser(browser.jar.clone()).fetch(`${two.url}/refresh`)).body;
    const renewed = store.held.get(sid)?.text;
    expect(renewed).not.toBe(before);
    held.open();
    await one.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(store.held.get(sid)?.text).toBe(renewed);
    clock.ahead = 1_500;
    expect((await browser.fetch(`${two.url}/private`)).body).toBe(token);
  });
});

describe("a session that is older than the secret", () => {
  it.each([true, false])(
    "is sealed with the new one within a tenth of its time (sliding: %s)",
    async (slidingExpiration) => {
      clock.ahead = 0;
      const store = new ClockStore();
      const old = await node(store, {}, { secret: OLD_SECRET, slidingExpiration });
      const browser = await signedIn(old);
      const both = await node(store, {}, { secret: [SECRET, OLD_SECRET], slidingExpiration });
      const [sid = ""] = store.sessions;
      const before = store.held.get(sid)?.text;
      expect(await subject(browser, both)).toBe("alice");
      expect(store.held.get(sid)?.text).toBe(before);
      clock.ahead = 200;
      expect(await subject(browser, both)).toBe("alice");
      await expect.poll(() => store.held.get(sid)?.text).not.toBe(before);
      expect(await subject(browser, await node(store))).toBe("alice");
    },
  );
});
