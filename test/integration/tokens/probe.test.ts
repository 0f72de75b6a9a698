import session from "express-session";
import { afterEach, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { SECRET, type RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp({ lifetimes: { accessToken: 45 } });
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };
afterEach(() => { clock.ahead = 0; });
const start = (options: RelyingPartySettings["options"]) => fixture.start({
  options: { scope: "openid profile api1 offline_access", saveTokens: true, now: clock.now, tokenValidation: { clockTolerance: 100_000 }, ...options },
  routes: (app) => {
    app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null }));
    app.get("/token", async (req, res) => res.send(await req.oidc.getAccessToken()));
  },
});
const refreshes = () => fixture.idp.requests.filter(({ parameters }) => parameters["grant_type"] === "refresh_token").length;

it("short-lived", async () => {
  const rp = await start({});
  const b = new Browser(); await b.signIn(`${rp.url}/login?returnUrl=/who`);
  const n = refreshes();
  const p = await b.fetch(`${rp.url}/token`);
  console.log("short-lived:", p.status, refreshes() - n, rp.errors.at(-1) && (rp.errors.at(-1) as Error).message);
  for (let i = 0; i < 4; i++) await b.fetch(`${rp.url}/token`);
  console.log("after 4 more:", refreshes() - n);
});

it("store fails while writing", async () => {
  const store = new session.MemoryStore();
  const set = store.set.bind(store);
  let fail = false;
  store.set = (id, s, cb) => (fail ? cb?.(new Error("away")) : set(id, s, cb));
  const rp = await start({ refresh: { before: 10 }, session: { secret: SECRET, store } });
  const b = new Browser(); await b.signIn(`${rp.url}/login?returnUrl=/who`);
  clock.ahead = 46; fail = true;
  console.log("store down:", (await b.fetch(`${rp.url}/token`)).status);
  fail = false;
  console.log("store up:", (await b.fetch(`${rp.url}/token`)).status, (await b.fetch(`${rp.url}/who`)).body);
});

it("two nodes, one store, no shared coordinator", async () => {
  const store = new session.MemoryStore();
  let gate: Promise<unknown> = Promise.resolve();
  const a = await start({ refresh: { before: 10 }, session: { secret: SECRET, store }, fetch: async (u, i) => {
    const r = await fetch(u, i);
    if (String(i?.body).includes("grant_type=refresh_token")) await gate;
    return r;
  } });
  const bnode = await start({ refresh: { before: 10 }, session: { secret: SECRET, store } });
  const b = new Browser(); await b.signIn(`${a.url}/login?returnUrl=/who`);
  clock.ahead = 46;
  let open = () => {}; gate = new Promise<void>((r) => { open = r; });
  const n = refreshes();
  const first = b.fetch(`${a.url}/token`);
  while (refreshes() === n) await new Promise((r) => setTimeout(r, 5));
  await new Promise((r) => setTimeout(r, 50));
  console.log("B:", (await new Browser(b.jar.clone()).fetch(`${bnode.url}/token`)).status);
  open();
  console.log("A:", (await first).status, (await b.fetch(`${a.url}/who`)).body, (await b.fetch(`${bnode.url}/who`)).body);
  expect(1).toBe(1);
});
