import type { SessionEvents } from "add-openid-connect";
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
      app.get("/who", (req, res) => {
        res.json({ sub: req.user?.sub ?? null, name: req.user?.name, ends: req.oidc.sessionExpiresAt?.getTime() });
      });
      app.post("/in", async (req, res) => {
        await req.oidc.signIn({ sub: "local", name: "Local" });
        res.json(req.user?.sub);
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
  return { ...JSON.parse(page.body), setCookies: page.setCookies };
};

describe("onValidatePrincipal", () => {
  it("is called once per request, and never for an expired session, which it cannot revive", async () => {
    let calls = 0;
    const { rp, browser } = await start({
      onValidatePrincipal: (ctx) => {
        calls++;
        ctx.renew();
      },
    });
    await who(browser, rp);
    expect(calls).toBe(1);
    clock.ahead = 2_500;
    expect((await who(browser, rp)).sub).toBe(null);
    expect(calls).toBe(1);
  });

  it("rejects: the request is anonymous, and the cookie removed", async () => {
    const { rp, browser } = await start({ onValidatePrincipal: async (ctx) => ctx.reject() });
    const answer = await who(browser, rp);
    expect(answer.sub).toBe(null);
    expect(answer.setCookies).toEqual([expect.stringContaining("Max-Age=0")]);
  });

  it("replaces the user, for this request and those that follow", async () => {
    let isOn = true;
    const { rp, browser } = await start({
      onValidatePrincipal: (ctx) => {
        if (isOn) ctx.replace({ claims: { ...ctx.user.claims, name: "New name" }, items: { seen: "yes" } });
      },
    });
    expect((await who(browser, rp)).name).toBe("New name");
    isOn = false;
    const next = await who(browser, rp);
    expect([next.name, next.setCookies]).toEqual(["New name", []]);
  });

  it("renews: start and end move", async () => {
    const { rp, browser } = await start({ onValidatePrincipal: (ctx) => ctx.renew() });
    const first = await who(browser, rp);
    clock.ahead = 100;
    const next = await who(browser, rp);
    expect(next.setCookies).toHaveLength(1);
    expect(next.ends - first.ends).toBeGreaterThanOrEqual(99_000);
  });

  it("changes the end", async () => {
    const { rp, browser } = await start({
      onValidatePrincipal: (ctx) => ctx.replace({ expiresAt: new Date((clock.now() + 50) * 1000) }),
    });
    await who(browser, rp);
    clock.ahead = 60;
    expect((await who(browser, rp)).sub).toBe(null);
  });

  it("that throws is the app's error", async () => {
    const { rp, browser } = await start({
      onValidatePrincipal: () => {
        throw new Error("database is down");
      },
    });
    expect((await browser.fetch(`${rp.url}/who`)).status).toBe(500);
    expect(rp.errors.at(-1)).toMatchObject({ message: "database is down" });
  });

  it("is not renewed by after a sign-out in the same request: one Set-Cookie, which removes", async () => {
    const { rp, browser } = await start({ onValidatePrincipal: (ctx) => ctx.renew() });
    const page = await browser.request(`${rp.url}/out`, { method: "POST" });
    expect(page.setCookies.filter((line) => line.startsWith("oidc="))).toEqual([expect.stringContaining("Max-Age=0")]);
  });
});

describe("onSigningIn, onSignedIn and onSigningOut", () => {
  it("change what is written, and see who came and goes", async () => {
    const seen: unknown[] = [];
    const { rp, browser } = await start({
      onSigningIn: (ctx) => {
        ctx.claims = { ...ctx.claims, name: "Changed" };
        ctx.isPersistent = true;
        ctx.expiresAt = new Date((clock.now() + 300) * 1000);
      },
      onSignedIn: (ctx) => seen.push(["in", ctx.user.name]),
      onSigningOut: async (ctx) => seen.push(["out", ctx.user?.sub]),
    });
    expect(browser.history[0]?.setCookies[0]).toContain("Max-Age=300");
    expect((await who(browser, rp)).name).toBe("Changed");
    await browser.request(`${rp.url}/out`, { method: "POST" });
    expect(seen).toEqual([
      ["in", "Changed"],
      ["out", "local"],
    ]);
    clock.ahead = 301;
    expect((await who(browser, rp)).sub).toBe(null);
  });
});

describe("onCheckSlidingExpiration", () => {
  it("sees how far the session is, and forbids or forces its renewal", async () => {
    const seen: [number, number][] = [];
    let answer: boolean | undefined;
    const { rp, browser } = await start({
      onCheckSlidingExpiration: (ctx) => {
        seen.push([Math.round(ctx.elapsedSeconds), Math.round(ctx.remainingSeconds)]);
        if (answer !== undefined) ctx.shouldRenew = answer;
      },
    });
    clock.ahead = 100;
    expect((await who(browser, rp)).setCookies).toEqual([]);
    answer = true;
    expect((await who(browser, rp)).setCookies).toHaveLength(1);
    answer = false;
    clock.ahead = 800;
    expect((await who(browser, rp)).setCookies).toEqual([]);
    const [elapsed = 0, remaining = 0] = seen[0] ?? [];
    expect(elapsed).toBeGreaterThanOrEqual(99);
    expect(elapsed + remaining).toBe(1_000);
  });
});
