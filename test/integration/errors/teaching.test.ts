import type { OpenIdConnectError } from "add-openid-connect";
import { requireAuth, requireRole } from "add-openid-connect";
import session from "express-session";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, type RelyingPartySettings, SECRET } from "../../support/relying-party.js";
import { useWarnings } from "../../support/warnings.js";

const fixture = useTestIdp({
  users: [
    {
      username: "keycloak",
      password: "Abcd@1234",
      claims: { name: "K", realm_access: { roles: ["auditor"] } },
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/private", requireAuth(), (_req, res) => res.send("in"));
  app.get("/audit", requireRole("auditor"), (_req, res) => res.send("in"));
};

const warnings = useWarnings();

async function failedSignIn(options: RelyingPartySettings["options"]): Promise<{
  readonly rp: RelyingParty;
  readonly error: OpenIdConnectError;
  readonly status: number;
}> {
  const rp = await fixture.start({ options: options ?? {}, routes });
  const page = await new Browser().signIn(`${rp.url}/private`);
  expect(rp.errors).toHaveLength(1);
  return { rp, error: rp.errors[0] as OpenIdConnectError, status: page.status };
}

describe("a registration that does not fit", () => {
  it("by a wrong secret names clientSecret, and is in the log", async () => {
    const { rp, error, status } = await failedSignIn({ clientSecret: "not-the-secret" });
    expect([error.code, status]).toEqual(["ERR_OIDC_CLIENT_REJECTED", 502]);
    for (const part of ["401", "clientId", "clientSecret"]) expect(error.message).toContain(part);
    expect(error.message).not.toContain("not-the-secret");
    expect(rp.log.join()).toContain("ERR_OIDC_CLIENT_REJECTED");
  });

  it("by another way of authentication names clientAuthentication, in every form of refusal", async () => {
    for (const refusal of [
      () => Response.json({ error: "invalid_client" }, { status: 400 }),
      () => Response.json({ error: "invalid_client" }, { status: 401, headers: { "www-authenticate": "Basic" } }),
    ]) {
      const { error, status } = await failedSignIn({
        fetch: async (url, init) => (String(url).endsWith("/connect/token") ? refusal() : fetch(url, init)),
      });
      expect([error.code, status]).toEqual(["ERR_OIDC_CLIENT_REJECTED", 502]);
      for (const part of ["clientAuthentication", "client_secret_basic", "client_secret_post"]) {
        expect(error.message).toContain(part);
      }
    }
  });

  it("by a secret for a public client, or none for a confidential one, says which", async () => {
    const publicClient = await failedSignIn({ clientId: "public_client", clientSecret: "secret" });
    expect(publicClient.error.code).toBe("ERR_OIDC_CLIENT_REJECTED");
    expect(publicClient.error.message).toContain("leave clientSecret out");
    const confidential = await failedSignIn({ clientSecret: undefined });
    expect(confidential.error.code).toBe("ERR_OIDC_CLIENT_REJECTED");
    expect(confidential.error.message).toContain("clientSecret");
  });

  it("by PKCE that is off says so on the provider's page, and in words when the provider redirects", async () => {
    const rp = await fixture.start({ options: { usePkce: false }, routes });
    const page = await new Browser().open(`${rp.url}/private`);
    expect([page.status, page.body.includes("code_challenge")]).toEqual([400, true]);
    const browser = new Browser();
    const challenge = await browser.request(`${rp.url}/private`);
    const state = new URL(challenge.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const query = new URLSearchParams({
      state,
      iss: fixture.idp.issuer,
      error: "invalid_request",
      error_description: "code challenge required",
    });
    await browser.request(`${rp.url}/signin-oidc?${query}`);
    expect(String(rp.errors.at(-1))).toContain("leave usePkce on");
  });

  it("by S256 that the provider does not support does not ask for what is on already", async () => {
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    const challenge = await browser.request(`${rp.url}/private`);
    const state = new URL(challenge.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const said = { error: "invalid_request", error_description: "code_challenge_method S256 is not supported" };
    await browser.request(`${rp.url}/signin-oidc?${new URLSearchParams({ state, iss: fixture.idp.issuer, ...said })}`);
    expect(String(rp.errors[0])).toContain("support PKCE with S256");
    expect(String(rp.errors[0])).not.toContain("leave usePkce on");
  });

  it("by a scope that the provider refuses names scope", async () => {
    const { error } = await failedSignIn({
      clientId: "pkce_client",
      scope: "openid profile api1 offline_access roles email unknown",
    }).catch(() => ({ error: undefined }));
    if (error !== undefined) expect(error.message).toContain("scope");
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    const challenge = await browser.request(`${rp.url}/private`);
    const state = new URL(challenge.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const query = new URLSearchParams({ state, iss: fixture.idp.issuer, error: "invalid_scope" });
    await browser.request(`${rp.url}/signin-oidc?${query}`);
    expect(String(rp.errors.at(-1))).toContain("scope option");
  });

  it("by the redirect URI is told before: the log names the exact one, once", async () => {
    const rp = await fixture.start({ routes });
    await new Browser().request(`${rp.url}/private`);
    await new Browser().request(`${rp.url}/private`);
    expect(rp.log.filter((line) => line.includes(`${rp.url}/signin-oidc`))).toHaveLength(1);
    const browser = new Browser();
    await browser.request(`${rp.url}/logout`);
    await browser.request(`${rp.url}/logout`);
    expect(rp.log.filter((line) => line.includes(`${rp.url}/signout-callback-oidc`))).toHaveLength(1);
  });
});

describe("a session cookie that the browser does not keep", () => {
  it("is explained at the next challenge, once, instead of signing in again for ever", async () => {
    const session = { secret: SECRET, cookie: { domain: "elsewhere.example" } };
    const rp = await fixture.start({ options: { session, transaction: { cookie: {} } }, routes });
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/private`);
    await browser.request(callback);
    browser.jar.remove((name) => name === "oidc");
    const page = await browser.request(`${rp.url}/private`);
    expect(page.status).toBe(500);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_SESSION_NOT_KEPT" });
    expect(String(rp.errors[0])).toContain("elsewhere.example");
    expect((await browser.request(`${rp.url}/private`)).status).toBe(302);
  });

  it("is not suspected of an app that shares the host under another name", async () => {
    const [one, other] = [
      await fixture.start({ routes }),
      await fixture.start({ options: { session: { secret: SECRET, name: "other" } }, routes }),
    ];
    const browser = new Browser();
    await browser.signIn(`${one.url}/private`);
    expect((await browser.signIn(`${other.url}/private`)).status).toBe(200);
    expect(other.errors).toEqual([]);
  });

  it("is not suspected when its time is over, nor when the app has ended it", async () => {
    let ahead = 0;
    let isRejected = false;
    const short = await fixture.start({
      options: {
        now: () => Date.now() / 1000 + ahead,
        session: { secret: SECRET, expireTimeSpan: 5, persistent: true },
      },
      routes,
    });
    const first = new Browser();
    await first.signIn(`${short.url}/private`);
    first.jar.remove((name) => name === "oidc");
    ahead = 5;
    expect((await first.request(`${short.url}/private`)).status).toBe(302);
    const onValidatePrincipal = (ctx: { reject(): void }) => (isRejected ? ctx.reject() : undefined);
    const strict = await fixture.start({
      options: { session: { secret: SECRET, events: { onValidatePrincipal } } },
      routes,
    });
    const second = new Browser();
    await second.signIn(`${strict.url}/private`);
    isRejected = true;
    await second.fetch(`${strict.url}/nowhere`);
    expect((await second.request(`${strict.url}/private`)).status).toBe(302);
  });

  it.each(["a store", "the app's own express-session"])(
    "nor %s does, is explained after three sign-ins instead of signing in again for ever",
    async (where) => {
      const store = new session.MemoryStore();
      let isForgetful = false;
      const get = store.get.bind(store);
      store.get = (sid, done) => (isForgetful ? done(null, null) : get(sid, done));
      const own = session({ secret: SECRET, resave: false, saveUninitialized: false, store });
      const rp = await fixture.start(
        where === "a store"
          ? { options: { session: { secret: SECRET, store } }, routes }
          : { options: { session: undefined, transaction: { secret: SECRET } }, before: (app) => app.use(own), routes },
      );
      const browser = new Browser();
      await browser.signIn(`${rp.url}/private`);
      isForgetful = true;
      // The provider knows the user and asks nothing.
      const page = await browser.open(`${rp.url}/private`);
      expect(page.status).toBe(500);
      expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_SESSION_NOT_KEPT" });
      expect(String(rp.errors[0])).toContain("store");
      expect(browser.history.filter(({ url }) => url.includes("/signin-oidc")).length).toBeLessThan(5);
      isForgetful = false;
      expect((await browser.open(`${rp.url}/private`)).status).toBe(200);
    },
  );

  it("is not suspected where a person signs in again each time a session was ended", async () => {
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    for (let i = 0; i < 4; i++) {
      await browser.signIn(`${rp.url}/login?returnUrl=/private`);
      await rp.auth.revoke({ sub: "alice" });
    }
    expect((await browser.request(`${rp.url}/private`)).status).toBe(302);
  });

  it("is not suspected after a sign-out, nor half a minute later, nor with the cookie there", async () => {
    let ahead = 0;
    const rp = await fixture.start({ options: { now: () => Date.now() / 1000 + ahead }, routes });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`);
    await browser.request(`${rp.url}/logout`);
    expect((await browser.request(`${rp.url}/private`)).status).toBe(302);
    await browser.signIn(`${rp.url}/private`);
    expect((await browser.request(`${rp.url}/login`)).status).toBe(302);
    browser.jar.remove((name) => name === "oidc");
    ahead = 31;
    expect((await browser.request(`${rp.url}/private`)).status).toBe(302);
  });
});

describe("a deployment that does not fit", () => {
  it("by a proxy that Express does not trust is warned of, and explained when the cookie is missing", async () => {
    const rp = await fixture.start({ routes });
    const headers = { "x-forwarded-proto": "https" };
    await new Browser().request(`${rp.url}/private`, { headers });
    expect(warnings.join()).toContain('app.set("trust proxy", 1)');
    const callback = await new Browser().signInUpToCallback(`${rp.url}/private`);
    await new Browser().request(callback, { headers });
    expect(String(rp.errors.at(-1))).toContain("trust proxy");
  });

  it("by a path that a proxy strips, and baseUrl does not know, is warned of", async () => {
    const headers = { "x-forwarded-prefix": "/shop" };
    const known = await fixture.start({ options: { baseUrl: "http://localhost:9/shop" }, routes });
    await new Browser().request(`${known.url}/private`, { headers });
    expect(warnings.join()).not.toContain("/shop");
    const rp = await fixture.start({ routes });
    await new Browser().request(`${rp.url}/private`, { headers });
    expect(warnings.join()).toContain("Set baseUrl to the public URL, with /shop");
  });

  it("by another secret on another node says what all nodes must share", async () => {
    const [first, second] = [
      await fixture.start({ routes }),
      await fixture.start({ options: { session: { secret: `${SECRET}-other` } }, routes }),
    ];
    const browser = new Browser();
    const { search } = new URL(await browser.signInUpToCallback(`${first.url}/private`));
    await browser.request(`${second.url}/signin-oidc${search}`);
    expect(String(second.errors[0])).toContain("session.secret");
  });

  it("by a clock that is off tells by how much, on which side", async () => {
    for (const [ahead, side] of [
      [7_200, "before"],
      [-7_200, "future"],
    ] as const) {
      const rp = await fixture.start({ options: { now: () => Date.now() / 1000 + ahead }, routes });
      await new Browser().signIn(`${rp.url}/private`);
      const message = String(rp.errors[0]);
      expect(message).toContain("clock");
      expect(message).toContain(side);
      expect(message).toMatch(/\b(3[56]\d\d|72\d\d|71\d\d) s\b/);
    }
    expect(warnings.join()).toContain("Date header");
  });

  it("by roles under another claim is told to the developer, and the user is refused", async () => {
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/private`, { username: "keycloak" });
    expect((await browser.request(`${rp.url}/audit`)).status).toBe(403);
    expect(warnings.join()).toContain('roleClaimType to "realm_access.roles"');
    const fixed = await fixture.start({
      options: { tokenValidation: { roleClaimType: "realm_access.roles" } },
      routes,
    });
    const again = new Browser();
    await again.signIn(`${fixed.url}/private`, { username: "keycloak" });
    expect((await again.request(`${fixed.url}/audit`)).body).toBe("in");
  });
});

describe("what goes wrong before the provider, or after the sign-in", () => {
  it.each([
    ["a redirect URI that is not registered", { callbackPath: "/other" }, "/other."],
    ["PKCE that is off", { usePkce: false }, "usePkce"],
    ["a wrong secret", { clientSecret: "another" }, "clientSecret"],
  ])("with pushed requests %s is on the page and in the log", async (_name, options, part) => {
    const rp = await fixture.start({ options: { ...options, pushedAuthorization: "auto" }, routes });
    const page = await new Browser().request(`${rp.url}/private`);
    expect([page.status, page.body.includes("Sign-in is not set up")]).toEqual([502, true]);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CLIENT_REJECTED", message: expect.stringContaining(part) });
    expect(rp.log.join()).toContain("challenge_failed");
  });

  it("without a clientSecret says that none was sent", async () => {
    const { error } = await failedSignIn({ clientSecret: undefined });
    expect(error.message).toContain('clientAuthentication "none"');
    expect(error.message).toContain("set clientSecret");
  });

  it("by tokens that are not kept is in the log, as is a sign-out that is refused", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/token", requireAuth(), (req, res, next) => {
          req.oidc.getAccessToken().then((token) => res.send(token), next);
        });
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login`);
    expect((await browser.request(`${rp.url}/token`)).status).toBe(401);
    expect(rp.log.join()).toContain("access_token_failed");
    await browser.request(`${rp.url}/logout`, { method: "POST", headers: { "sec-fetch-site": "cross-site" } });
    expect(rp.log.join()).toContain("sign_out_failed");
  });

  it("by an answer of another issuer shows both", async () => {
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${rp.url}/private`));
    callback.searchParams.set("iss", "https://other.example/");
    await browser.request(callback.href);
    expect(String(rp.errors[0])).toContain(`expected iss "${fixture.idp.issuer}", found "https://other.example/"`);
  });

  it("by TLS to an http port says so", async () => {
    const authority = fixture.idp.issuer.replace("http:", "https:");
    const rp = await fixture.start({ options: { authority }, routes });
    await new Browser().request(`${rp.url}/private`);
    expect(String(rp.errors[0])).toContain("http is spoken there");
  });

  it("by a middleware that is mounted twice is warned of", async () => {
    const rp = await fixture.start({ routes });
    rp.app.use(rp.auth);
    rp.app.get("/late", (_req, res) => res.send("late"));
    await new Browser().request(`${rp.url}/late`);
    expect(warnings.join()).toContain("mounted twice");
  });

  it("does not take long over words of a provider that are made for it", async () => {
    const rp = await fixture.start({
      options: {
        fetch: async (url, init) =>
          String(url).endsWith("/connect/token")
            ? Response.json({ error: "invalid_request", error_description: "eyJ-".repeat(200_000) }, { status: 400 })
            : fetch(url, init),
      },
      routes,
    });
    await new Browser().signIn(`${rp.url}/private`);
    expect(String(rp.errors[0]).length).toBeLessThan(1_000);
  });

  it("repeats no secret of a provider that repeats them, cut or not", async () => {
    for (const before of [0, 290]) {
      const sent: string[] = [];
      const rp = await fixture.start({
        options: {
          clientSecret: "a-secret-of-the-client",
          fetch: async (url, init) => {
            if (!String(url).endsWith("/connect/token")) return fetch(url, init);
            const body = new URLSearchParams(String(init?.body));
            sent.push(body.get("code") ?? "", body.get("code_verifier") ?? "", "a-secret-of-the-client");
            const { authorization } = Object.fromEntries(new Headers(init?.headers));
            const said = `${"x".repeat(before)}${sent.join(" ")} ${authorization} ${body}`;
            return Response.json({ error: "invalid_request", error_description: said }, { status: 400 });
          },
        },
        routes,
      });
      await new Browser().signIn(`${rp.url}/private`);
      const told = `${rp.errors[0]} ${rp.log.join()}`;
      expect(told).toContain("invalid_request");
      for (const secret of sent) expect(told).not.toContain(secret.slice(0, 8));
      expect(told).not.toMatch(/Basic \w/);
    }
  });
});
