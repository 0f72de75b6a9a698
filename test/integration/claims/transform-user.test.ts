import type { AddOpenIdConnectOptions, SessionEvents } from "add-openid-connect";
import type { Request } from "express";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp();

/** A signed-in browser, and whether its requests reach their route before the middleware has returned. */
async function start(options: AddOpenIdConnectOptions): Promise<{
  readonly rp: RelyingParty;
  readonly get: (path: string) => Promise<Record<string, unknown>>;
}> {
  const returned = new WeakSet<Request>();
  const rp: RelyingParty = await fixture.start({
    options,
    before: (app) => {
      app.use((req, _res, next) => {
        next();
        returned.add(req);
      });
    },
    routes: (app) => {
      app.post("/in", (req, res, next) => {
        req.oidc.signIn({ sub: "local", name: "Local" }).then(() => res.json({}), next);
      });
      app.get("/who", (req, res) => res.json({ ...req.user, isSync: !returned.has(req) }));
      app.get("/bare", (req, res, next) => {
        rp.auth.authenticate(req).then((user) => res.json({ ...user }), next);
      });
      app.get("/touch", (req, res) => {
        const attempts = [
          () => Object.assign(req.user ?? {}, { sub: "mallory" }),
          () => Object.assign(req.user ?? {}, { added: 1 }),
        ];
        res.json(attempts.map((attempt) => refused(attempt)));
      });
    },
  });
  const browser = new Browser();
  await browser.request(`${rp.url}/in`, { method: "POST" });
  return { rp, get: async (path) => JSON.parse((await browser.fetch(rp.url + path)).body) };
}

function refused(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}

describe("transformUser", () => {
  it("that answers at once leaves the request synchronous, as no handler does", async () => {
    expect(await (await start({})).get("/who")).toMatchObject({ sub: "local", isSync: true });
    const { get } = await start({ transformUser: () => ({ more: 1 }) });
    expect(await get("/who")).toMatchObject({ sub: "local", more: 1, isSync: true });
  });

  it("that answers later makes those requests wait, and no others", async () => {
    const { rp, get } = await start({ transformUser: async () => ({ more: 1 }) });
    expect(await get("/who")).toMatchObject({ more: 1, isSync: false });
    expect(JSON.parse((await new Browser().fetch(`${rp.url}/who`)).body)).toEqual({ isSync: true });
  });

  it("may answer what is awaited like a promise and is none, as queries of databases are", async () => {
    // biome-ignore lint/suspicious/noThenProperty: it is what the test is about
    const query = { then: (done: (fields: object) => void) => done({ more: 1 }), table: "users" };
    const who = await (await start({ transformUser: () => query as never })).get("/who");
    expect(who).toMatchObject({ more: 1 });
    expect(who).not.toHaveProperty("table");
  });

  it("shows where a request is asked outside of the app too, as at a WebSocket's upgrade", async () => {
    const { get } = await start({ transformUser: (user) => ({ greeting: `Hello ${user.name}` }) });
    expect(await get("/bare")).toMatchObject({ sub: "local", greeting: "Hello Local" });
  });

  it("answers nothing: the user is as it was", async () => {
    for (const answer of [undefined, null, "text", 5]) {
      const { get } = await start({ transformUser: () => answer as never });
      expect(Object.keys(await get("/who")).sort()).toEqual(["claims", "isSync", "name", "roles", "scheme", "sub"]);
    }
  });

  it("leaves the user frozen, so that no request changes another's", async () => {
    for (const options of [{}, { transformUser: () => ({ more: 1 }) }]) {
      expect(await (await start(options)).get("/touch")).toEqual([true, true]);
    }
  });
});

describe("session.events", () => {
  it.each<[string, SessionEvents, boolean]>([
    ["onCheckSlidingExpiration", { onCheckSlidingExpiration: () => undefined }, true],
    ["onSigningIn, onSignedIn and onSigningOut", { onSigningIn() {}, onSignedIn() {}, onSigningOut() {} }, true],
    ["onValidatePrincipal", { onValidatePrincipal: () => undefined }, false],
  ])("with %s: requests stay synchronous is %3$s", async (_name, events, isSync) => {
    const { get } = await start({ session: { secret: SECRET, events } });
    expect(await get("/who")).toMatchObject({ sub: "local", isSync });
  });
});
