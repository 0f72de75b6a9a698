import { type AddOpenIdConnectOptions, addOpenIdConnect, requireAuth } from "add-openid-connect";
import session from "express-session";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp();

async function start(
  store: session.MemoryStore,
  more: AddOpenIdConnectOptions = {},
  sessionOptions: Partial<session.SessionOptions> = {},
): Promise<RelyingParty> {
  return fixture.start({
    options: {
      saveTokens: true,
      scope: "openid profile api1 offline_access",
      session: { storeTimeout: 0.2 },
      transaction: { secret: SECRET },
      ...more,
    },
    before: (app) => {
      app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store, ...sessionOptions }));
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      app.get("/private", requireAuth(), (req, res) => res.send(req.oidc.getToken("access_token")));
      app.get("/refresh", async (req, res) => res.send(await req.oidc.getAccessToken({ forceRefresh: true })));
      app.get("/basket", (req, res) => res.send(String((req.session as { basket?: string }).basket)));
      app.post("/basket", (req, res) => {
        Object.assign(req.session, { basket: "full" });
        res.send("ok");
      });
      app.post("/out", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
      app.get("/slow", (_req, res) => {
        slow.push(() => res.send("late"));
      });
    },
  });
}

let slow: (() => void)[] = [];

const idOf = (browser: Browser) => browser.jar.get("connect.sid");
const subject = async (browser: Browser, rp: RelyingParty) =>
  JSON.parse((await browser.fetch(`${rp.url}/who`)).body).sub;

describe("the app's own express-session", () => {
  it("has a new id after sign-in and after sign-out, and nothing in it of who was there before", async () => {
    const store = new session.MemoryStore();
    const rp = await start(store);
    const browser = new Browser();
    await browser.request(`${rp.url}/basket`, { method: "POST" });
    const planted = new Browser(browser.jar.clone());
    const ids = [idOf(browser)];
    await browser.signIn(`${rp.url}/private`);
    ids.push(idOf(browser));
    expect((await browser.fetch(`${rp.url}/basket`)).body).toBe("undefined");
    expect(await subject(planted, rp)).toBe(null);
    await browser.request(`${rp.url}/basket`, { method: "POST" });
    await browser.request(`${rp.url}/out`, { method: "POST" });
    expect((await browser.fetch(`${rp.url}/basket`)).body).toBe("undefined");
    ids.push(idOf(browser));
    expect(new Set(ids).size).toBe(3);
    const sessions = (store as unknown as { readonly sessions: Readonly<Record<string, string>> }).sessions;
    expect(JSON.stringify(sessions)).not.toContain("oidc");
  });

  it("holds the ticket sealed: no claim and no token can be read in the store", async () => {
    const store = new session.MemoryStore();
    const rp = await start(store);
    const { body: token } = await new Browser().signIn(`${rp.url}/private`);
    const held = JSON.stringify((store as unknown as { readonly sessions: unknown }).sessions);
    expect(held).toContain("oidc");
    for (const secret of ["alice", "Alice", token]) expect(held).not.toContain(secret);
  });

  it("that writes old content back at the end of a slow request (resave) loses no new tokens", async () => {
    slow = [];
    const rp = await start(new session.MemoryStore(), {}, { resave: true });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    const late = new Browser(browser.jar.clone()).fetch(`${rp.url}/slow`);
    await expect.poll(() => slow.length).toBe(1);
    const { body: token } = await browser.fetch(`${rp.url}/refresh`);
    for (const end of slow) end();
    await late;
    expect((await browser.fetch(`${rp.url}/private`)).body).toBe(token);
  });

  it("whose store is disconnected is a 503 for those with a session; public pages go on, and it recovers", async () => {
    const store = new session.MemoryStore();
    const rp = await start(store);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    store.emit("disconnect");
    const page = await browser.request(`${rp.url}/private`);
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_STORE_UNAVAILABLE" });
    expect((await new Browser().fetch(`${rp.url}/who`)).status).toBe(200);
    store.emit("connect");
    expect(await subject(browser, rp)).toBe("alice");
  });

  it("whose store never answers a sign-in is a 503 in time", async () => {
    const store = new session.MemoryStore();
    const rp = await start(store);
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    store.destroy = () => {};
    const page = await browser.request(callback);
    expect(page.status).toBe(503);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_STORE_UNAVAILABLE" });
  });
});

describe("no place for sessions", () => {
  it("is told at start: neither session.secret nor transaction.secret", () => {
    const start = (options: AddOpenIdConnectOptions) => () =>
      addOpenIdConnect({ authority: "https://login.example", clientId: "app", ...options });
    expect(start({})).toThrow(/session\.secret: is missing/);
    // A variable that the environment lacks must not move sessions to another place.
    expect(start({ session: { secret: undefined }, transaction: { secret: SECRET } })).toThrow(/session\.secret/);
  });

  it("is told by the first request: transaction.secret, and no express-session before", async () => {
    const rp = await fixture.start({ options: { session: undefined, transaction: { secret: SECRET } } });
    expect((await new Browser().fetch(`${rp.url}/`)).status).toBe(500);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_MIDDLEWARE_MISSING" });
    expect(String(rp.errors.at(-1))).toMatch(/express-session.*above addOpenIdConnect\(\).*session: \{ secret \}/);
  });
});
