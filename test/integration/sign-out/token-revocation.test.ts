import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
  app.get("/refresh-token", (req, res) => res.send(req.oidc.getToken("refresh_token") ?? ""));
  app.get("/leave-local", (req, _res, next) => void req.oidc.signOut({ local: true }, next));
  app.get("/passport-logout", (req, res, next) => {
    (req as unknown as { logout(callback: (error?: unknown) => void): void }).logout((error) =>
      error === undefined ? res.send("bye") : next(error),
    );
  });
};

type Options = NonNullable<RelyingPartySettings["options"]>;

async function signedIn(options: Options = {}): Promise<{ rp: RelyingParty; browser: Browser; refreshToken: string }> {
  const rp = await fixture.start({
    routes,
    options: { scope: ["openid", "offline_access"], saveTokens: true, ...options },
  });
  const browser = new Browser();
  expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  const refreshToken = (await browser.request(`${rp.url}/refresh-token`)).body;
  return { rp, browser, refreshToken };
}

/** What the revocation endpoint is asked while `work` runs. */
async function revocations(work: () => Promise<unknown>): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const before = fixture.idp.requests.length;
  await work();
  return fixture.idp.requests
    .slice(before)
    .filter(({ path }) => path === "/connect/revocation")
    .map(({ status, parameters }) => ({ status, ...parameters }));
}

const isRevocation = (url: unknown) => String(url).endsWith("/connect/revocation");

describe("the refresh token of a session", () => {
  it.each(["/logout", "/leave-local", "/passport-logout"])("is revoked at the sign-out by %s", async (path) => {
    const { rp, browser, refreshToken } = await signedIn();
    expect(refreshToken).not.toBe("");
    const asked = await revocations(() => browser.request(rp.url + path));
    expect(asked).toMatchObject([{ status: 200, token: refreshToken, token_type_hint: "refresh_token" }]);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
  });

  it("is revoked by a client that authenticates otherwise, or not at all", async () => {
    for (const options of [
      { clientId: "post_client", clientAuthentication: "client_secret_post" },
      { clientId: "public_client", clientSecret: undefined },
    ] as const) {
      const { rp, browser } = await signedIn(options);
      expect(await revocations(() => browser.request(`${rp.url}/logout`))).toMatchObject([{ status: 200 }]);
    }
  });

  it.each<[string, Options]>([
    ["revokeOnSignOut is false", { revokeOnSignOut: false }],
    ["it was not kept", { saveTokens: ["access_token", "id_token"] }],
    ["there is none", { scope: ["openid"] }],
    [
      "the provider has no revocation endpoint",
      {
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          if (!String(url).endsWith("/openid-configuration")) return response;
          const { revocation_endpoint: _gone, ...metadata } = (await response.json()) as Record<string, unknown>;
          return Response.json(metadata);
        },
      },
    ],
  ])("is left alone where %s", async (_name, options) => {
    const { rp, browser } = await signedIn(options);
    expect(await revocations(() => browser.request(`${rp.url}/logout`))).toEqual([]);
    expect(rp.log.join()).not.toContain("revocation_failed");
  });

  it.each<[string, () => Promise<Response>]>([
    ["answers 500", async () => new Response("broken", { status: 500 })],
    ["refuses the client", async () => Response.json({ error: "invalid_client" }, { status: 401 })],
    ["cannot be reached", () => Promise.reject(new Error("down"))],
  ])("does not hold up the sign-out where the endpoint %s, and the log says so", async (_name, answer) => {
    const { rp, browser, refreshToken } = await signedIn({
      fetch: (url, init) => (isRevocation(url) ? answer() : fetch(url, init)),
    });
    const page = await browser.request(`${rp.url}/logout`);
    expect(page.status).toBe(302);
    expect(page.headers.get("location")).toContain("/connect/endsession");
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
    expect(rp.log.join()).toContain("revocation_failed");
    expect(rp.log.join()).not.toContain(refreshToken);
    expect(rp.errors).toEqual([]);
  });

  it("that the endpoint repeats in an error does not reach the log", async () => {
    const { rp, browser, refreshToken } = await signedIn({
      fetch: async (url, init) => {
        if (!isRevocation(url)) return fetch(url, init);
        const token = new URLSearchParams(String(init?.body)).get("token");
        return Response.json({ error: "invalid_request", error_description: `bad ${token}` }, { status: 400 });
      },
    });
    await browser.request(`${rp.url}/logout`);
    expect(rp.log.join()).toContain("revocation_failed");
    expect(rp.log.join()).not.toContain(refreshToken);
  });

  it("holds the redirect up for two seconds at most where the endpoint never answers", async () => {
    const { rp, browser } = await signedIn({
      fetch: (url, init) => (isRevocation(url) ? new Promise(() => undefined) : fetch(url, init)),
    });
    const startedAt = performance.now();
    const page = await browser.request(`${rp.url}/logout`);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(page.status).toBe(302);
    expect(rp.log.join()).toContain("revocation_failed");
  });
});
