import { requireAuth } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
  app.get("/private", requireAuth(), (_req, res) => res.send("in"));
  app.post("/leave", (req, _res, next) => void req.oidc.signOut({ returnUrl: "/bye?x=1" }, next));
  app.post("/leave-local", (req, _res, next) => void req.oidc.signOut({ local: true, returnUrl: "/bye" }, next));
  app.get("/bye", (_req, res) => res.send("bye"));
  app.get("/", (_req, res) => res.send("home"));
};

async function signedIn(
  options: RelyingPartySettings["options"] = {},
): Promise<{ rp: RelyingParty; browser: Browser }> {
  const rp = await fixture.start({ routes, options });
  const browser = new Browser();
  const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  expect(page.body).toBe("alice");
  return { rp, browser };
}

async function endSession(rp: RelyingParty, browser: Browser, path = "/logout", init: RequestInit = {}): Promise<URL> {
  const page = await browser.request(rp.url + path, init);
  expect(page.status).toBe(init.method === "POST" ? 303 : 302);
  return new URL(page.headers.get("location") ?? "", rp.url);
}

describe("a sign-out", () => {
  it("goes to the end session endpoint with client_id, state and the registered return, and nothing more", async () => {
    const { rp, browser } = await signedIn();
    const url = await endSession(rp, browser);
    expect(url.href.startsWith(`${fixture.idp.issuer}/connect/endsession?`)).toBe(true);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: "pkce_client",
      post_logout_redirect_uri: `${rp.url}/signout-callback-oidc`,
      state: expect.stringMatching(/^[\w-]+$/),
    });
  });

  it("sends the ID token as a hint where it was kept", async () => {
    const { rp, browser } = await signedIn({ saveTokens: ["id_token"] });
    const url = await endSession(rp, browser);
    expect(url.searchParams.get("id_token_hint")).toMatch(/^eyJ/);
  });

  it("has ended the session here before the browser leaves, correlation cookies too", async () => {
    const { rp, browser } = await signedIn();
    await browser.request(`${rp.url}/login`);
    await endSession(rp, browser);
    expect(browser.jar.names().filter((name) => name.startsWith("oidc"))).toEqual([]);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
  });

  it("ends at the provider too, and lands on signedOutRedirectUri", async () => {
    const { rp, browser } = await signedIn({ saveTokens: true, signedOutRedirectUri: "/bye" });
    let page = await browser.open(`${rp.url}/logout`);
    page = await browser.submit(page, { logout: "yes" });
    expect([page.url, page.body]).toEqual([`${rp.url}/bye`, "bye"]);
    const again = await browser.open(`${rp.url}/private`);
    expect(again.body).toContain('name="password"');
  });

  it("lands where its own returnUrl says, given by the app or the query", async () => {
    const { rp, browser } = await signedIn({ signedOutRedirectUri: "/elsewhere" });
    const url = await endSession(rp, browser, "/leave", { method: "POST" });
    const back = `${url.searchParams.get("post_logout_redirect_uri")}?state=${url.searchParams.get("state")}`;
    expect((await browser.request(back)).headers.get("location")).toBe("/bye?x=1");
    const other = await endSession(rp, browser, "/logout?returnUrl=/who");
    const landing = await browser.request(`${rp.url}/signout-callback-oidc?state=${other.searchParams.get("state")}`);
    expect(landing.headers.get("location")).toBe("/who");
  });

  it("uses the path of signedOutCallbackPath, with the final URL sealed in state", async () => {
    const { rp, browser } = await signedIn({ signedOutCallbackPath: "/custom-out", signedOutRedirectUri: "/bye" });
    const url = await endSession(rp, browser);
    expect(url.searchParams.get("post_logout_redirect_uri")).toBe(`${rp.url}/custom-out`);
    expect(url.href).not.toContain("bye");
    const landing = await browser.request(`${rp.url}/custom-out?state=${url.searchParams.get("state")}`);
    expect(landing.headers.get("location")).toBe("/bye");
  });

  it.each(["", "?state=forged", "?state=a&state=b", "?state=", "?returnUrl=https://evil.example"])(
    "that comes back with %j lands on signedOutRedirectUri",
    async (query) => {
      const { rp, browser } = await signedIn({ signedOutRedirectUri: "/bye" });
      const page = await browser.request(`${rp.url}/signout-callback-oidc${query}`);
      expect([page.status, page.headers.get("location")]).toEqual([302, "/bye"]);
    },
  );

  it("is local where the provider has no end session endpoint", async () => {
    const { rp, browser } = await signedIn({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!String(url).endsWith("/openid-configuration")) return response;
        const { end_session_endpoint: _gone, ...metadata } = (await response.json()) as Record<string, unknown>;
        return Response.json(metadata);
      },
    });
    const url = await endSession(rp, browser, "/logout?returnUrl=/bye");
    expect(url.href).toBe(`${rp.url}/bye`);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
  });

  it("is local when the app says so", async () => {
    const { rp, browser } = await signedIn();
    expect((await endSession(rp, browser, "/leave-local", { method: "POST" })).href).toBe(`${rp.url}/bye`);
  });

  it("works twice, and for nobody", async () => {
    const { rp, browser } = await signedIn();
    await endSession(rp, browser);
    await endSession(rp, browser);
    await endSession(rp, new Browser());
  });

  it("cannot leave the own origin by its return URL", async () => {
    const { rp, browser } = await signedIn();
    const url = await endSession(rp, browser, "/logout?returnUrl=https://evil.example/");
    const landing = await browser.request(`${rp.url}/signout-callback-oidc?state=${url.searchParams.get("state")}`);
    expect(landing.headers.get("location")).toBe("/");
  });
});

describe("a sign-out that another site asks for", () => {
  const bare = { "sec-fetch-mode": "", "sec-fetch-dest": "", "sec-fetch-site": "" };

  it.each<[string, Record<string, string>]>([
    ["a link on another site", { "sec-fetch-site": "cross-site" }],
    ["a link on a sibling host", { "sec-fetch-site": "same-site" }],
    ["an image", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["an image of the own origin", { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }],
    ["nothing that tells", bare],
    ["a foreign Referer", { ...bare, referer: "https://evil.example/" }],
    ["a Referer that only begins like ours", { ...bare, referer: "http://localhost.evil.example/" }],
  ])("by %s is answered with a button, and the session stays", async (_name, headers) => {
    const { rp, browser } = await signedIn();
    const page = await browser.request(`${rp.url}/logout?returnUrl=/bye`, { headers });
    expect(page.status).toBe(200);
    expect(page.body).toContain('<form method="post" action="/logout?returnUrl=%2Fbye">');
    expect(page.headers.get("content-security-policy")).toContain(`form-action 'self' ${fixture.idp.issuer}`);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("alice");
    const confirmed = await browser.submit(page, {}, (url) => url.startsWith(fixture.idp.issuer));
    expect(confirmed.url).toContain("/connect/endsession");
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
  });

  it.each<[string, Record<string, string>]>([
    ["Origin of another site", { ...bare, origin: "https://evil.example" }],
    ["Fetch Metadata of another site", { "sec-fetch-site": "cross-site" }],
    ["no evidence at all", bare],
    ["an opaque origin", { ...bare, origin: "null" }],
  ])("by a POST with %s is 403, and the session stays", async (_name, headers) => {
    const { rp, browser } = await signedIn();
    const page = await browser.request(`${rp.url}/logout`, { method: "POST", headers });
    expect(page.status).toBe(403);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_LOGOUT_ORIGIN" });
    expect((await browser.request(`${rp.url}/who`)).body).toBe("alice");
  });

  it("is done when Origin or Referer show the own origin", async () => {
    const { rp, browser } = await signedIn();
    const origin = new URL(rp.url).origin;
    const headers = { ...bare, referer: `${origin}/page` };
    const ahead = await browser.request(`${rp.url}/logout`, { headers: { ...headers, purpose: "prefetch" } });
    expect(ahead.status).toBe(200);
    await endSession(rp, browser, "/logout", { headers });
    await endSession(rp, browser, "/logout", { method: "POST", headers: { ...bare, origin } });
  });

  it("by other methods is 405", async () => {
    const { rp, browser } = await signedIn();
    const page = await browser.request(`${rp.url}/logout`, { method: "DELETE" });
    expect([page.status, page.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });
});

describe("paths that are switched off", () => {
  it("belong to the app", async () => {
    const rp = await fixture.start({
      options: { loginPath: false, logoutPath: false },
      routes: (app) => {
        app.get("/login", (_req, res) => res.send("own login"));
        app.get("/logout", (_req, res) => res.send("own logout"));
      },
    });
    expect((await new Browser().request(`${rp.url}/login`)).body).toBe("own login");
    expect((await new Browser().request(`${rp.url}/logout`)).body).toBe("own logout");
  });
});
