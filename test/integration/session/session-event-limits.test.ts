import type { SessionEvents } from "add-openid-connect";
import session from "express-session";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp();
const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

async function start(events: SessionEvents, more: object = {}): Promise<{ rp: RelyingParty; browser: Browser }> {
  clock.ahead = 0;
  const rp = await fixture.start({
    options: { now: clock.now, session: { secret: SECRET, expireTimeSpan: 1_000, events, ...more } },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null, name: req.user?.name ?? null }));
      app.post("/in", (req, res, next) => {
        req.oidc.signIn({ sub: "local", name: "Local" }).then(() => res.json({}), next);
      });
      app.post("/out", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("out"))));
    },
  });
  const browser = new Browser();
  await browser.request(`${rp.url}/in`, { method: "POST" });
  return { rp, browser };
}

const who = async (browser: Browser, rp: RelyingParty) => {
  const page = await browser.fetch(`${rp.url}/who`);
  return page.status === 200 ? JSON.parse(page.body) : page.status;
};

describe("what an event of the session makes of it", () => {
  it.each<[string, SessionEvents]>([
    ["onSigningIn without sub", { onSigningIn: (ctx) => Object.assign(ctx, { claims: { name: "Nobody" } }) }],
    ["onSigningIn without claims", { onSigningIn: (ctx) => Object.assign(ctx, { claims: undefined }) }],
    ["onSigningIn with no JSON", { onSigningIn: (ctx) => Object.assign(ctx, { claims: { ...ctx.claims, id: 5n } }) }],
    ["onSigningIn with items of no JSON", { onSigningIn: (ctx) => Object.assign(ctx, { items: { id: 5n } }) }],
    ["onSigningIn with no date", { onSigningIn: (ctx) => Object.assign(ctx, { expiresAt: new Date("x") }) }],
  ])("%s is an error, and nobody is signed in", async (_name, events) => {
    const { rp, browser } = await start(events);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_INVALID_USER" })]);
    expect(await who(browser, rp)).toEqual({ sub: null, name: null });
  });

  it.each<[string, object]>([
    ["claims without sub", { claims: { name: "Nobody" } }],
    ["claims of no JSON", { claims: { sub: "local", id: 5n } }],
    ["an end that is no date", { expiresAt: new Date(Number.NaN) }],
  ])("onValidatePrincipal with %s is an error, and the session stays as it was", async (_name, change) => {
    let isOn = true;
    const { rp, browser } = await start({ onValidatePrincipal: (ctx) => isOn && ctx.replace(change) });
    expect(await who(browser, rp)).toBe(500);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_INVALID_USER" })]);
    isOn = false;
    expect(await who(browser, rp)).toEqual({ sub: "local", name: "Local" });
  });
});

it("an onCheckSlidingExpiration that is async decides nothing, and does not end the process", async () => {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  process.on("unhandledRejection", note);
  const { rp, browser } = await start({ onCheckSlidingExpiration: async () => Promise.reject(new Error("mine")) });
  expect(await who(browser, rp)).toEqual({ sub: "local", name: "Local" });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});

describe("with a store", () => {
  const store = () => new session.MemoryStore();

  it("onValidatePrincipal rejects: the session is gone from the store too", async () => {
    let isOn = true;
    const { rp, browser } = await start({ onValidatePrincipal: (ctx) => isOn && ctx.reject() }, { store: store() });
    expect(await who(browser, rp)).toEqual({ sub: null, name: null });
    isOn = false;
    expect(await who(browser, rp)).toEqual({ sub: null, name: null });
  });

  it("onValidatePrincipal replaces the user, and is called once per request", async () => {
    let calls = 0;
    const { rp, browser } = await start(
      {
        onValidatePrincipal: (ctx) => {
          if (calls++ === 0) ctx.replace({ claims: { ...ctx.user.claims, name: "New" } });
        },
      },
      { store: store() },
    );
    expect([await who(browser, rp), await who(browser, rp)]).toEqual([
      { sub: "local", name: "New" },
      { sub: "local", name: "New" },
    ]);
    expect(calls).toBe(2);
  });

  it("onCheckSlidingExpiration sees how far the session is, and forbids or forces its renewal", async () => {
    let shouldRenew: boolean | undefined;
    let touches = 0;
    const seen: number[] = [];
    class CountingStore extends session.MemoryStore {
      override touch(...given: Parameters<session.MemoryStore["touch"]>): void {
        touches++;
        super.touch(...given);
      }
    }
    const { rp, browser } = await start(
      {
        onCheckSlidingExpiration: (ctx) => {
          seen.push(Math.round(ctx.elapsedSeconds), Math.round(ctx.remainingSeconds));
          if (shouldRenew !== undefined) ctx.shouldRenew = shouldRenew;
        },
      },
      { store: new CountingStore() },
    );
    shouldRenew = false;
    clock.ahead = 900;
    await who(browser, rp);
    expect(touches).toBe(0);
    expect(seen[0]).toBeGreaterThanOrEqual(899);
    expect((seen[0] ?? 0) + (seen[1] ?? 0)).toBe(1_000);
    shouldRenew = undefined;
    await who(browser, rp);
    expect(touches).toBe(1);
    clock.ahead = 901;
    await who(browser, rp);
    expect(touches).toBe(1);
    shouldRenew = true;
    await who(browser, rp);
    expect(touches).toBe(2);
  });

  it("onSigningIn, onSignedIn and onSigningOut see who comes and goes", async () => {
    const seen: unknown[] = [];
    const { rp, browser } = await start(
      {
        onSigningIn: (ctx) => {
          ctx.claims = { ...ctx.claims, name: "Changed" };
        },
        onSignedIn: (ctx) => seen.push(["in", ctx.user.name]),
        onSigningOut: (ctx) => seen.push(["out", ctx.user?.name]),
      },
      { store: store() },
    );
    await browser.request(`${rp.url}/out`, { method: "POST" });
    expect(seen).toEqual([
      ["in", "Changed"],
      ["out", "Changed"],
    ]);
    expect(await who(browser, rp)).toEqual({ sub: null, name: null });
  });
});
