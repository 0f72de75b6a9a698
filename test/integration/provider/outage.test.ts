import { requireAuth } from "add-openid-connect";
import { createTestIdp } from "add-openid-connect/testing";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { type RelyingPartySettings, startRelyingParty } from "../../support/relying-party.js";

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/", (_req, res) => res.send("public"));
  app.get("/private", requireAuth(), (req, res) => res.send(req.oidc.user.sub));
};

describe("a provider that is down", () => {
  it("lets the app start, serves public pages, answers 503 quickly, and is found again by itself", async () => {
    const idp = await createTestIdp();
    await idp.offline();
    let ahead = 0;
    const rp = await startRelyingParty(idp, { routes, options: { now: () => Date.now() / 1000 + ahead } });
    const browser = new Browser();
    expect((await browser.request(`${rp.url}/`)).body).toBe("public");
    const page = await browser.request(`${rp.url}/private`);
    expect(page.status).toBe(503);
    expect(Number(page.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_PROVIDER_UNREACHABLE" });
    expect(String(rp.errors[0])).toContain(new URL(idp.issuer).host);
    expect((await browser.fetch(`${rp.url}/private`)).status).toBe(401);
    await idp.online();
    ahead = 20;
    expect((await browser.signIn(`${rp.url}/private`)).body).toBe("alice");
    await Promise.all([rp.stop(), idp.stop()]);
  });

  it("is asked once for many requests, and not again before the back-off ends", async () => {
    let asked = 0;
    let ahead = 0;
    const rp = await startRelyingParty(
      { issuer: "http://127.0.0.1:9" },
      {
        routes,
        options: {
          now: () => 1_000 + ahead,
          fetch: async () => {
            asked++;
            await new Promise((resolve) => setImmediate(resolve));
            throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
          },
        },
      },
    );
    const pages = await Promise.all(Array.from({ length: 50 }, () => new Browser().request(`${rp.url}/private`)));
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([503]));
    expect(asked).toBe(1);
    await new Browser().request(`${rp.url}/private`);
    expect(asked).toBe(1);
    ahead = 1.5;
    await new Browser().request(`${rp.url}/private`);
    expect(asked).toBe(2);
    await rp.stop();
  });

  it("that does not answer is 504 within the time for the first discovery", async () => {
    const idp = await createTestIdp({ intercept: () => true });
    const rp = await startRelyingParty(idp, { routes, options: { backchannelTimeout: 0.2 } });
    const page = await new Browser().request(`${rp.url}/private`);
    expect(page.status).toBe(504);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_PROVIDER_TIMEOUT" });
    await Promise.all([rp.stop(), idp.stop()]);
  });

  it("in the middle of a run leaves those who are signed in alone", async () => {
    const idp = await createTestIdp();
    const rp = await startRelyingParty(idp, { routes });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    await idp.offline();
    expect((await browser.request(`${rp.url}/private`)).body).toBe("alice");
    const callback = await browser.request(`${rp.url}/logout`);
    expect(callback.status).toBe(302);
    await Promise.all([rp.stop(), idp.stop()]);
  });

  it("at the token endpoint fails the sign-in with a gateway status", async () => {
    const idp = await createTestIdp();
    const rp = await startRelyingParty(idp, { routes });
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/private`);
    await idp.offline();
    const page = await browser.request(callback);
    expect(page.status).toBe(503);
    await Promise.all([rp.stop(), idp.stop()]);
  });

  it.each<[string, () => Response]>([
    [
      "redirects to another origin",
      () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } }),
    ],
    ["answers HTML", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["answers 404", () => new Response("no", { status: 404 })],
    ["answers with another issuer", () => Response.json({ issuer: "https://evil.example" })],
    ["answers with 2 MB", () => new Response("x".repeat(2_097_152))],
    ["answers null", () => Response.json(null)],
  ])("that %s instead of its metadata is 502", async (_name, answer) => {
    const rp = await startRelyingParty(
      { issuer: "http://127.0.0.1:9" },
      { routes, options: { fetch: async () => answer() } },
    );
    const page = await new Browser().request(`${rp.url}/private`);
    expect(page.status).toBe(502);
    await rp.stop();
  });

  it("is asked for its metadata below authority, whether that ends in a slash or not", async () => {
    const idp = await createTestIdp();
    for (const authority of [idp.issuer, `${idp.issuer}/`]) {
      const asked: string[] = [];
      const rp = await startRelyingParty(idp, {
        routes,
        options: {
          authority,
          fetch: async (url, init) => {
            asked.push(String(url));
            return fetch(url, init);
          },
        },
      });
      expect((await new Browser().request(`${rp.url}/private`)).status).toBe(302);
      expect(asked).toEqual([`${idp.issuer}/.well-known/openid-configuration`]);
      await rp.stop();
    }
    await idp.stop();
  });

  it("may move its metadata within its origin", async () => {
    const idp = await createTestIdp({
      intercept: (req, res) => {
        if (req.url === "/elsewhere") req.url = "/.well-known/openid-configuration";
        else if (req.url === "/.well-known/openid-configuration") {
          res.writeHead(301, { location: "/elsewhere" }).end();
          return true;
        }
        return false;
      },
    });
    const rp = await startRelyingParty(idp, { routes });
    const page = await new Browser().request(`${rp.url}/private`);
    expect([page.status, page.headers.get("location")?.startsWith(idp.issuer)]).toEqual([302, true]);
    await Promise.all([rp.stop(), idp.stop()]);
  });
});

describe("a provider that rotates its keys", () => {
  it("between two logins is followed at the first try", async () => {
    const idp = await createTestIdp();
    const rp = await startRelyingParty(idp, { routes });
    expect((await new Browser().signIn(`${rp.url}/private`)).body).toBe("alice");
    idp.rotateKeys();
    expect((await new Browser().signIn(`${rp.url}/private`, { username: "bob" })).body).toBe("bob");
    await Promise.all([rp.stop(), idp.stop()]);
  });
});
