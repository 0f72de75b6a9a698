import { type AddOpenIdConnectOptions, addOpenIdConnect, type RevocationStore, requireAuth } from "add-openid-connect";
import session from "express-session";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, SECRET } from "../../support/relying-party.js";

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
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

class SharedMap implements RevocationStore {
  readonly entries = new Map<string, string>();
  readonly calls: string[] = [];
  failure: (() => Promise<never>) | undefined;

  get(key: string): Promise<string | null> {
    this.calls.push("get");
    return this.failure?.() ?? Promise.resolve(this.entries.get(key) ?? null);
  }

  async set(key: string, value: string, ttlSeconds: number): Promise<void> {
    this.calls.push("set");
    await this.failure?.();
    expect(ttlSeconds).toBeGreaterThan(0);
    this.entries.set(key, value);
  }
}

const mounted = new session.MemoryStore();

/** Where sessions live that `session.revocations` is for. */
const places = ["the sealed cookie", "the app's own express-session"] as const;

async function node(place: (typeof places)[number], revocations: RevocationStore): Promise<RelyingParty> {
  clock.ahead = 0;
  const isMounted = place !== "the sealed cookie";
  const options: AddOpenIdConnectOptions = isMounted
    ? { session: { revocations, storeTimeout: 0.2 }, transaction: { secret: SECRET } }
    : { session: { secret: SECRET, revocations, storeTimeout: 0.2 } };
  return fixture.start({
    options: { clientId: "sid_client", saveTokens: ["id_token"], now: clock.now, ...options },
    before: (app) => {
      if (isMounted) app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store: mounted }));
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
      app.get("/sid", requireAuth(), (req, res) => {
        const [, payload = ""] = req.oidc.getToken("id_token")?.split(".") ?? [];
        res.send(JSON.parse(Buffer.from(payload, "base64url").toString()).sid);
      });
      app.post("/out", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
    },
  });
}

const subject = async (browser: Browser, rp: RelyingParty) =>
  JSON.parse((await browser.fetch(`${rp.url}/who`)).body).sub;

describe.each(places)("session.revocations, sessions in %s", (place) => {
  it.each<[string, (rp: RelyingParty, browser: Browser, sid: string) => Promise<unknown>]>([
    ["a sign-out", (rp, browser) => browser.request(`${rp.url}/out`, { method: "POST" })],
    ["a revocation of the user", (rp) => rp.auth.revoke({ sub: "alice" })],
    ["a revocation by the provider's sid", (rp, _browser, sid) => rp.auth.revoke({ sid })],
  ])("let %s on one node reach the others, and a new sign-in in the same second begin", async (_name, end) => {
    const shared = new SharedMap();
    const [one, two] = [await node(place, shared), await node(place, shared)];
    const browser = new Browser();
    const { body: sid } = await browser.signIn(`${one.url}/sid`);
    const copy = new Browser(browser.jar.clone());
    const bystander = new Browser();
    await bystander.signIn(`${one.url}/sid`, { username: "bob" });
    await end(two, browser, sid);
    expect([await subject(copy, one), await subject(copy, two)]).toEqual([null, null]);
    expect(await subject(bystander, one)).toBe("bob");
    for (const secret of ["alice", sid]) expect(JSON.stringify([...shared.entries])).not.toContain(secret);
    await new Browser(browser.jar).signIn(`${one.url}/sid`);
    expect(await subject(browser, two)).toBe("alice");
  });

  it.each<[string, () => Promise<never>]>([
    ["fails", () => Promise.reject(new Error("down"))],
    ["never answers", () => new Promise<never>(() => {})],
  ])("that %s is a 503 for those with a session; public pages go on, and it recovers", async (_name, failure) => {
    const shared = new SharedMap();
    const rp = await node(place, shared);
    const browser = new Browser();
    await browser.signIn(`${rp.url}/sid`);
    shared.failure = failure;
    const page = await browser.request(`${rp.url}/who`);
    expect([page.status, page.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_STORE_UNAVAILABLE" });
    shared.calls.length = 0;
    expect((await new Browser().fetch(`${rp.url}/who`)).status).toBe(200);
    expect(shared.calls).toEqual([]);
    shared.failure = undefined;
    expect(await subject(browser, rp)).toBe("alice");
  });
});

it("session.revocations that could not be used is told at start", () => {
  const start = (more: object) => () =>
    addOpenIdConnect({ authority: "https://login.example", clientId: "app", session: { secret: SECRET, ...more } });
  expect(start({ revocations: new Map() })).not.toThrow();
  expect(start({ revocations: {} })).toThrow(/session\.revocations: has no get\(\)/);
  expect(start({ revocations: new SharedMap(), store: new session.MemoryStore() })).toThrow(
    /session\.revocations: is for/,
  );
});
