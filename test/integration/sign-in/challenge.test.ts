import { createHash } from "node:crypto";
import { requireAuth } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

async function challenged(
  settings: RelyingPartySettings = {},
  path = "/private",
): Promise<{
  readonly parameters: URLSearchParams;
  readonly location: URL;
  readonly setCookies: readonly string[];
  readonly headers: Headers;
}> {
  const rp = await fixture.start({
    routes: (app) => {
      app.get("/private", requireAuth(), (_req, res) => res.send("in"));
    },
    ...settings,
  });
  const page = await new Browser().request(rp.url + path);
  expect(page.status).toBe(302);
  const location = new URL(page.headers.get("location") ?? "");
  return { parameters: location.searchParams, location, setCookies: page.setCookies, headers: page.headers };
}

describe("a challenge", () => {
  it("redirects a guarded page view to the authorization endpoint with the parameters of the protocol", async () => {
    const { location, parameters, headers } = await challenged();
    expect(location.origin).toBe(fixture.idp.issuer);
    expect(location.pathname).toBe("/connect/authorize");
    expect(Object.fromEntries(parameters)).toMatchObject({
      client_id: "pkce_client",
      response_type: "code",
      scope: "openid profile",
      redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/signin-oidc$/),
      state: expect.stringMatching(/^[\w-]{120,250}$/),
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      code_challenge_method: "S256",
    });
    expect(headers.get("cache-control")).toContain("no-store");
  });

  it("names response_mode where it is not the default of the flow", async () => {
    expect((await challenged()).parameters.has("response_mode")).toBe(false);
    expect((await challenged({ options: { responseMode: "form_post" } })).parameters.get("response_mode")).toBe(
      "form_post",
    );
  });

  it("sends an S256 code challenge, and none with usePkce false", async () => {
    const { parameters } = await challenged();
    expect(parameters.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    const without = await challenged({ options: { usePkce: false, clientId: "no_pkce_client" } });
    expect(without.parameters.has("code_challenge")).toBe(false);
    expect(without.parameters.has("code_challenge_method")).toBe(false);
  });

  it("sends nothing that names the library or its version", async () => {
    const { parameters } = await challenged();
    expect([...parameters.keys()].sort()).toEqual(
      [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
      ].sort(),
    );
  });

  it("makes state, nonce and code challenge anew each time", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const seen = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const page = await browser.request(`${rp.url}/login`);
      const { searchParams } = new URL(page.headers.get("location") ?? "");
      for (const name of ["state", "nonce", "code_challenge"]) seen.add(searchParams.get(name) ?? "");
    }
    expect(seen.size).toBe(15);
  });

  it("gives one correlation cookie: HttpOnly, Lax, for the transaction's lifetime, on the session cookie's path", async () => {
    const { setCookies } = await challenged();
    expect(setCookies).toHaveLength(1);
    expect(setCookies[0]).toMatch(/^oidc\.c\.[\w-]{4}=[\w-]{22}; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/);
  });

  it("makes the correlation cookie None and Secure for form_post on loopback http", async () => {
    const { setCookies } = await challenged({ options: { responseMode: "form_post" } });
    expect(setCookies).toHaveLength(1);
    expect(setCookies[0]).toContain("; Secure; SameSite=None");
  });

  it("keeps the correlation cookie of the browser when it challenges again", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    for (let round = 0; round < 30; round++) await browser.request(`${rp.url}/login`);
    expect(browser.jar.names()).toHaveLength(1);
  });

  it("clears correlation cookies beyond 24", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    for (let i = 0; i < 40; i++) browser.jar.set(`oidc.c.${String(i).padStart(4, "0")}`, "A".repeat(22), rp.url);
    await browser.request(`${rp.url}/login`);
    expect(browser.jar.names()).toHaveLength(24);
  });

  it("carries the app's own state, sealed, to the events of its callback", async () => {
    const seen: unknown[] = [];
    const rp = await fixture.start({
      options: { events: { onTicketReceived: (ctx) => seen.push(ctx.properties.state) } },
      routes: (app) => {
        app.get("/go", (req, _res, next) => {
          void req.oidc.challenge({ state: { plan: "gold", of: ["a", 1] }, returnUrl: "/" }, next);
        });
        app.get("/", (_req, res) => res.send("home"));
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/go`);
    expect(seen).toEqual([{ plan: "gold", of: ["a", 1] }]);
    expect(browser.history.map(({ url }) => url).join()).not.toContain("gold");
  });

  it("takes nothing but the return URL from the query of /login", async () => {
    const { parameters } = await challenged(
      {},
      "/login?client_id=evil&redirect_uri=https://evil.example/&state=x&response_mode=fragment&scope=evil&nonce=1",
    );
    expect(parameters.get("client_id")).toBe("pkce_client");
    expect(parameters.get("redirect_uri")).toMatch(/^http:\/\/localhost:/);
    expect(parameters.get("scope")).toBe("openid profile");
    expect(parameters.has("response_mode")).toBe(false);
    expect(parameters.getAll("state")).toHaveLength(1);
  });

  it("derives the code challenge from a verifier that is not in the URL", async () => {
    const verifiers: string[] = [];
    const rp = await fixture.start({
      options: {
        fetch: async (url, init) => {
          const verifier = new URLSearchParams(String(init?.body ?? "")).get("code_verifier");
          if (verifier !== null) verifiers.push(verifier);
          return fetch(url, init);
        },
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login`);
    const [verifier = ""] = verifiers;
    expect(verifier).toMatch(/^[\w-]{43}$/);
    const urls = browser.history.map(({ url }) => url).join(" ");
    expect(urls).toContain(createHash("sha256").update(verifier).digest("base64url"));
    expect(urls).not.toContain(verifier);
  });

  it("fails clearly where the metadata names no authorization endpoint: at start where they are given in code", async () => {
    const configuration = { issuer: "https://login.example" };
    const start = fixture.start({ options: { authority: undefined, configuration } });
    await expect(start).rejects.toMatchObject({
      code: "ERR_OIDC_METADATA_INCOMPLETE",
      message: expect.stringContaining("authorization_endpoint"),
    });
    const rp = await fixture.start({
      options: { fetch: async () => Response.json({ issuer: fixture.idp.issuer }) },
    });
    const page = await new Browser().request(`${rp.url}/login`);
    expect(page.status).toBe(502);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_METADATA_INCOMPLETE" });
    expect(String(rp.errors[0])).toContain("authorization_endpoint");
  });
});
