import { requireAuth } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { OLD_SECRET, type RelyingPartySettings, SECRET } from "../../support/relying-party.js";

const big = (bytes: number) =>
  Array.from({ length: bytes / 8 }, (_, i) => (i * 2654435761).toString(36))
    .join("")
    .slice(0, bytes);

const fixture = useTestIdp({
  users: [
    { username: "wide", password: "Abcd@1234", claims: { name: "Wide", blob: big(6_000) } },
    { username: "huge", password: "Abcd@1234", claims: { name: "Huge", blob: big(60_000) } },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => {
    res.json({ sub: req.user?.sub ?? null, ends: req.oidc.sessionExpiresAt ?? null });
  });
  app.get("/private", requireAuth(), (req, res) => res.json(req.oidc.user));
  app.post("/sign-in", async (req, res) => {
    const { days, ...more } = req.query as Record<string, string>;
    await req.oidc.signIn(
      { sub: "local", name: "Local" },
      days === undefined ? more : { ...more, expiresAt: new Date((clock.now() + Number(days) * 86_400) * 1000) },
    );
    res.json({ sub: req.user?.sub });
  });
  app.post("/forget", (req, res, next) => req.logout((error) => (error ? next(error) : res.send("forgotten"))));
};

const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };

async function start(options: RelyingPartySettings["options"] = {}, more: RelyingPartySettings = {}) {
  clock.ahead = 0;
  return fixture.start({ routes, ...more, options: { now: clock.now, ...options } });
}

const subject = async (browser: Browser, url: string) => JSON.parse((await browser.fetch(`${url}/who`)).body).sub;

describe("the session cookie", () => {
  it("is given at sign-in: Path, HttpOnly, Lax, no expiry, no domain, and never cached", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    const callback = browser.history.find(({ url }) => url.includes("/signin-oidc"));
    const line = callback?.setCookies.find((text) => text.startsWith("oidc="));
    expect(line).toMatch(/^oidc=1[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(callback?.headers.get("cache-control")).toBe("private, no-store");
  });

  it("brings the user back on the next request, with no Set-Cookie and no word to the provider", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    const asked = fixture.idp.requests.length;
    const page = await browser.request(`${rp.url}/private`);
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice", name: "Alice Smith", claims: { given_name: "Alice" } });
    expect(page.setCookies).toEqual([]);
    expect(fixture.idp.requests).toHaveLength(asked);
  });

  it("holds nothing that can be read: no claim, no token", async () => {
    const rp = await start({ saveTokens: true });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    const value = Buffer.from(browser.jar.get("oidc")?.slice(1) ?? "", "base64url").toString("latin1");
    expect(value).not.toContain("alice");
    expect(value).not.toContain("eyJ");
  });

  it.each([
    ["https", "auto", true],
    ["http", "auto", false],
    ["http", true, true],
    ["https", false, false],
  ] as const)("over %s with secure %s: Secure is %s", async (protocol, secure, expected) => {
    const rp = await start({ session: { secret: SECRET, cookie: { secure } } }, { trustProxy: true });
    const page = await new Browser().request(`${rp.url}/sign-in`, {
      method: "POST",
      headers: { "x-forwarded-proto": protocol },
    });
    const [line = ""] = page.setCookies;
    expect(line.includes("; Secure")).toBe(expected);
    expect(line.startsWith("__Host-oidc=")).toBe(expected);
  });

  it("is Secure whatever the request says when baseUrl is https", async () => {
    const rp = await start({ baseUrl: "https://app.example" });
    const page = await new Browser().request(`${rp.url}/sign-in`, { method: "POST" });
    expect(page.setCookies[0]).toMatch(/^__Host-oidc=.*; Secure; SameSite=Lax$/);
  });

  it("takes every attribute that is set", async () => {
    const cookie = { sameSite: "none", secure: true, domain: "localhost", path: "/part", partitioned: true } as const;
    const rp = await start({ session: { secret: SECRET, name: "mine", cookie } });
    const page = await new Browser().request(`${rp.url}/sign-in`, { method: "POST" });
    expect(page.setCookies[0]).toMatch(
      /^__Secure-mine=[\w-]+; Path=\/part; Domain=localhost; HttpOnly; Secure; SameSite=None; Partitioned$/,
    );
  });

  it("encodes an odd name", async () => {
    const rp = await start({ session: { secret: SECRET, name: "my app=1; x" } });
    const browser = new Browser();
    const page = await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    expect(page.setCookies[0]).toMatch(/^my%20app%3D1%3B%20x=/);
    expect(await subject(browser, rp.url)).toBe("local");
  });

  it("is refused by the browser-side expiry that belongs elsewhere", async () => {
    const session = { secret: SECRET, cookie: { maxAge: 3600 } as object };
    await expect(start({ session })).rejects.toMatchObject({
      code: "ERR_OIDC_INVALID_OPTIONS",
      message: expect.stringContaining("session.cookie.maxAge"),
    });
  });

  it("ends on the server at its time, whatever the browser keeps", async () => {
    const rp = await start({ session: { secret: SECRET, expireTimeSpan: 600, slidingExpiration: false } });
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    clock.ahead = 599;
    expect(await subject(browser, rp.url)).toBe("local");
    clock.ahead = 601;
    expect(await subject(browser, rp.url)).toBe(null);
  });

  it("takes its end from the sign-in where that says one, and is kept by the browser where that says so", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in?days=2`, { method: "POST" });
    clock.ahead = 86_400;
    expect(await subject(browser, rp.url)).toBe("local");
    clock.ahead = 5 * 86_400;
    expect(await subject(browser, rp.url)).toBe(null);
    const persistent = await start({ session: { secret: SECRET, persistent: true, expireTimeSpan: 100 } });
    const page = await new Browser().request(`${persistent.url}/sign-in`, { method: "POST" });
    expect(page.setCookies[0]).toContain("; Max-Age=100;");
  });

  it("survives a sign-in whose expiry was cleared", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        routes(app);
        app.post("/cleared", async (req, res) => {
          await req.oidc.signIn({ sub: "local" }, { expiresAt: null });
          res.send("in");
        });
      },
    });
    const browser = new Browser();
    expect((await browser.request(`${rp.url}/cleared`, { method: "POST" })).status).toBe(200);
    expect(await subject(browser, rp.url)).toBe("local");
  });

  it("slides past half of its time, not before, and not beyond absoluteLifetime", async () => {
    const rp = await start({ session: { secret: SECRET, expireTimeSpan: 1_000, absoluteLifetime: 1_800 } });
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    clock.ahead = 490;
    expect((await browser.fetch(`${rp.url}/who`)).setCookies).toEqual([]);
    clock.ahead = 510;
    const renewed = await browser.fetch(`${rp.url}/who`);
    expect(renewed.setCookies).toHaveLength(1);
    expect(renewed.headers.get("cache-control")).toBe("private, no-store");
    clock.ahead = 1_400;
    expect(await subject(browser, rp.url)).toBe("local");
    clock.ahead = 1_790;
    expect(await subject(browser, rp.url)).toBe("local");
    clock.ahead = 1_810;
    expect(await subject(browser, rp.url)).toBe(null);
  });

  it("is one and the same for two apps that share a secret, and foreign for another", async () => {
    const [first, second] = [await start(), await start()];
    const other = await start({ session: { secret: OLD_SECRET } });
    const browser = new Browser();
    await browser.signIn(`${first.url}/login?returnUrl=/who`);
    expect(await subject(browser, second.url)).toBe("alice");
    expect(await subject(browser, other.url)).toBe(null);
  });

  it("sealed with the older of two secrets opens, and is sealed anew on that answer", async () => {
    const before = await start({ session: { secret: OLD_SECRET }, saveTokens: true });
    const rotated = await start({ session: { secret: [SECRET, OLD_SECRET] } });
    const after = await start({ session: { secret: SECRET } });
    const browser = new Browser();
    await browser.signIn(`${before.url}/login?returnUrl=/who`);
    expect(await subject(browser, after.url)).toBe(null);
    const page = await browser.fetch(`${rotated.url}/who`);
    expect(JSON.parse(page.body).sub).toBe("alice");
    expect(page.setCookies).toHaveLength(1);
    expect(await subject(browser, after.url)).toBe("alice");
    expect((await browser.fetch(`${rotated.url}/who`)).setCookies).toEqual([]);
  });

  it("is made anew at every sign-in, and the one that it replaces is dead", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    const replaced = new Browser(browser.jar.clone());
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    expect(await subject(browser, rp.url)).toBe("local");
    expect(await subject(replaced, rp.url)).toBe(null);
  });

  it("that has expired gives no part of itself to the next sign-in", async () => {
    const rp = await start({ session: { secret: SECRET, expireTimeSpan: 100 } });
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    const first = browser.jar.get("oidc");
    clock.ahead = 101;
    expect(await subject(browser, rp.url)).toBe(null);
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    expect(browser.jar.get("oidc")).not.toBe(first);
    expect(await subject(browser, rp.url)).toBe("local");
  });

  it("signed out of is refused when it is replayed", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    const thief = new Browser(browser.jar.clone());
    const page = await browser.request(`${rp.url}/forget`, { method: "POST" });
    expect(page.body).toBe("forgotten");
    expect(page.setCookies[0]).toMatch(/^oidc=; Path=\/; Max-Age=0;/);
    expect(await subject(browser, rp.url)).toBe(null);
    expect(await subject(thief, rp.url)).toBe(null);
  });

  it("is not brought back by the late answer of a slow request", async () => {
    let release = () => {};
    const started = new Promise<void>((begun) => {
      release = begun;
    });
    let finish = () => {};
    const finished = new Promise<void>((done) => {
      finish = done;
    });
    const rp = await start(
      { session: { secret: SECRET, expireTimeSpan: 1_000 } },
      {
        routes: (app) => {
          routes(app);
          app.get("/slow", async (_req, res) => {
            release();
            await finished;
            res.send("late");
          });
        },
      },
    );
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    clock.ahead = 600;
    const slow = browser.request(`${rp.url}/slow`);
    await started;
    await browser.request(`${rp.url}/forget`, { method: "POST" });
    finish();
    expect((await slow).setCookies).toEqual([]);
    expect(await subject(browser, rp.url)).toBe(null);
  });

  it("is one Set-Cookie when a sign-out follows a renewal in the same request", async () => {
    const rp = await start({ session: { secret: SECRET, expireTimeSpan: 1_000 } });
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    clock.ahead = 600;
    const page = await browser.request(`${rp.url}/forget`, { method: "POST" });
    expect(page.setCookies.filter((line) => line.startsWith("oidc="))).toHaveLength(1);
    expect(page.setCookies[0]).toContain("Max-Age=0");
  });
});

describe("a large session", () => {
  it("is cut into cookies of at most 4096 bytes, grows and shrinks without a stale chunk", async () => {
    const rp = await start({ saveTokens: true });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`, { username: "wide" });
    const lines = browser.history.find(({ url }) => url.includes("/signin-oidc"))?.setCookies ?? [];
    const session = lines.filter((line) => line.startsWith("oidc"));
    expect(session.length).toBeGreaterThan(1);
    for (const line of session) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
    expect(await subject(browser, rp.url)).toBe("wide");
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    expect(browser.jar.names().filter((name) => /^oidc(\.\d)?$/.test(name))).toEqual(["oidc"]);
    expect(await subject(browser, rp.url)).toBe("local");
  });

  it("with a chunk missing or changed is anonymous", async () => {
    const rp = await start({ saveTokens: true });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`, { username: "wide" });
    const second = browser.jar.get("oidc.1") ?? "";
    browser.jar.remove((name) => name === "oidc.1");
    expect(await subject(browser, rp.url)).toBe(null);
    browser.jar.set("oidc.1", `${second.slice(0, -1)}${second.endsWith("A") ? "B" : "A"}`, rp.url);
    expect(await subject(browser, rp.url)).toBe(null);
    browser.jar.set("oidc.1", second, rp.url);
    expect(await subject(browser, rp.url)).toBe("wide");
  });

  it("that no cookies can hold fails at sign-in, with sizes by part and what to change", async () => {
    const rp = await start({ saveTokens: true });
    const browser = new Browser();
    const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`, { username: "huge" });
    expect(page.status).toBe(500);
    const [error] = rp.errors;
    expect(error).toMatchObject({ code: "ERR_OIDC_TICKET_TOO_LARGE" });
    const { message } = error as Error;
    for (const part of ["claims", "id_token", "saveTokens", "session.store"]) expect(message).toContain(part);
    expect(message).not.toContain("eyJ");
    expect(await subject(browser, rp.url)).toBe(null);
  });
});

describe("a cookie that is not ours", () => {
  it.each([
    ["empty", ""],
    ["a count alone", "1"],
    ["no base64url", "1%%%%"],
    ["random", `1${"A".repeat(400)}`],
    ["cut", "cut"],
    ["of too many chunks", `9${"A".repeat(100)}`],
    ["JSON", '{"sub":"alice"}'],
    ["huge", `1${"A".repeat(7_900)}`],
  ])("and is %s leaves the request anonymous", async (kind, value) => {
    const rp = await start();
    const browser = new Browser();
    if (kind === "cut") {
      await browser.request(`${rp.url}/sign-in`, { method: "POST" });
      value = (browser.jar.get("oidc") ?? "").slice(0, -20);
    }
    const page = await new Browser().fetch(`${rp.url}/who`, { headers: { cookie: `oidc=${value}` } });
    expect([page.status, JSON.parse(page.body).sub]).toEqual([200, null]);
  });

  it("changed in any byte is anonymous", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    const good = browser.jar.get("oidc") ?? "";
    for (let at = 1; at < good.length; at += 7) {
      const changed = good.slice(0, at) + (good[at] === "A" ? "B" : "A") + good.slice(at + 1);
      const page = await new Browser().fetch(`${rp.url}/who`, { headers: { cookie: `oidc=${changed}` } });
      expect(JSON.parse(page.body).sub).toBe(null);
    }
  });

  it("beside the real one, under the same name, makes the request anonymous", async () => {
    const rp = await start();
    const browser = new Browser();
    await browser.request(`${rp.url}/sign-in`, { method: "POST" });
    const good = browser.jar.get("oidc") ?? "";
    for (const cookie of [`oidc=1planted; oidc=${good}`, `oidc=${good}; oidc=1planted`]) {
      const page = await new Browser().fetch(`${rp.url}/who`, { headers: { cookie } });
      expect(JSON.parse(page.body).sub).toBe(null);
    }
    const twice = await new Browser().fetch(`${rp.url}/who`, { headers: { cookie: `oidc=${good}; oidc=${good}` } });
    expect(JSON.parse(twice.body).sub).toBe("local");
  });

  it("is a transaction's state: never a session", async () => {
    const rp = await start();
    const page = await new Browser().request(`${rp.url}/login`);
    const state = new URL(page.headers.get("location") ?? "").searchParams.get("state");
    const who = await new Browser().fetch(`${rp.url}/who`, { headers: { cookie: `oidc=1${state}` } });
    expect(JSON.parse(who.body).sub).toBe(null);
  });
});
