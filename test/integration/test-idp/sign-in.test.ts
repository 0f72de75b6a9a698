import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { signInAtProvider } from "../../support/provider-sign-in.js";
import { authorizationUrl, payloadOf, REDIRECT_URI, signIn } from "./client.js";

const fixture = useTestIdp();

const PASSWORD = "Abcd@1234";

describe("the discovery document", () => {
  it("has the paths of IdentityServer", async () => {
    const { issuer } = fixture.idp;
    const document = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    expect(document).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/connect/authorize`,
      token_endpoint: `${issuer}/connect/token`,
      userinfo_endpoint: `${issuer}/connect/userinfo`,
      end_session_endpoint: `${issuer}/connect/endsession`,
      revocation_endpoint: `${issuer}/connect/revocation`,
      introspection_endpoint: `${issuer}/connect/introspect`,
      pushed_authorization_request_endpoint: `${issuer}/connect/par`,
      jwks_uri: `${issuer}/.well-known/openid-configuration/jwks`,
      code_challenge_methods_supported: ["S256"],
      backchannel_logout_supported: true,
    });
    expect(document.scopes_supported).toEqual(
      expect.arrayContaining(["openid", "profile", "email", "roles", "api1", "offline_access"]),
    );
  });
});

describe("a sign-in", () => {
  it("answers a code, and tokens with name and roles in the ID token", async () => {
    const { parameters, url, tokens } = await signIn(fixture.idp);
    expect(url.startsWith(REDIRECT_URI)).toBe(true);
    expect(parameters).toMatchObject({ state: "state-1", iss: fixture.idp.issuer });
    expect(payloadOf(tokens["id_token"])).toMatchObject({
      iss: fixture.idp.issuer,
      aud: "pkce_client",
      sub: "alice",
      nonce: "nonce-1",
      name: "Alice Smith",
      given_name: "Alice",
      family_name: "Smith",
      email: "alice@example.com",
      email_verified: true,
      roles: ["admin", "user"],
    });
  });

  it("of bob has the role user only", async () => {
    const { tokens } = await signIn(fixture.idp, {}, { username: "bob" });
    expect(payloadOf(tokens["id_token"])).toMatchObject({ sub: "bob", roles: ["user"] });
  });

  it("needs no password the second time, in the same browser", async () => {
    const { jar } = await signIn(fixture.idp);
    const again = await signInAtProvider(authorizationUrl(fixture.idp), { jar, password: "no longer needed" });
    expect(again.parameters["code"]).toBeDefined();
  });

  it.each([
    ["http://127.0.0.1:5000/signin-oidc", true],
    ["https://localhost:7001/app/signin-oidc", true],
    ["http://localhost:5000/signin-partner", true],
    ["http://localhost:5000/elsewhere", false],
    ["http://localhost:5000/signin-oidc?x=1", false],
    ["http://evil.example/signin-oidc", false],
    ["http://localhost.evil.example/signin-oidc", false],
  ])("with redirect URI %s: accepted %s", async (uri, isAccepted) => {
    const page = await fetch(authorizationUrl(fixture.idp, { redirect_uri: uri }), { redirect: "manual" });
    expect(page.status).toBe(isAccepted ? 303 : 400);
    if (!isAccepted) expect(page.headers.get("location")).toBeNull();
  });

  it("by form_post answers the form's action and fields", async () => {
    const url = authorizationUrl(fixture.idp, { response_mode: "form_post", response_type: "code id_token" });
    const { form } = await signInAtProvider(url);
    expect(form?.action).toBe(REDIRECT_URI);
    expect(Object.keys(form?.fields ?? {}).sort()).toEqual(["code", "id_token", "state"]);
  });

  it("by form_post has one script, named by its hash in a strict policy", async () => {
    const { jar } = await signIn(fixture.idp);
    const page = await new Browser(jar).open(authorizationUrl(fixture.idp, { response_mode: "form_post" }));
    const policy = page.headers.get("content-security-policy");
    expect(policy).toMatch(/^default-src 'none';.*script-src 'sha256-[\w+/=]+'$/);
  });

  it("counts as what was asked for, by acr_values or as an essential claim", async () => {
    const byValue = await signIn(fixture.idp, { acr_values: "mfa" });
    expect(payloadOf(byValue.tokens["id_token"])).toMatchObject({ acr: "mfa" });
    const claims = JSON.stringify({
      id_token: { acr: { essential: true, values: ["mfa"] }, amr: null, auth_time: null },
    });
    const byClaim = await signIn(fixture.idp, { claims });
    expect(payloadOf(byClaim.tokens["id_token"])).toMatchObject({
      acr: "mfa",
      amr: ["pwd", "mfa"],
      auth_time: expect.any(Number),
    });
  });
});

describe("the login page", () => {
  async function loginPage(parameters: Readonly<Record<string, string>> = {}) {
    const browser = new Browser();
    return { browser, page: await browser.open(authorizationUrl(fixture.idp, parameters)) };
  }

  it("answers a wrong password with an alert, and keeps the user name, escaped", async () => {
    const { browser, page } = await loginPage();
    const username = '"><script>alert(1)</script>';
    const again = await browser.submit(page, { username, password: "wrong" });
    expect(again.body).toContain('role="alert"');
    expect(again.body).not.toContain("<script");
    expect(again.body).toContain("&#62;&#60;script&#62;");
    const known = await browser.submit(again, { username: "alice", password: "wrong" });
    expect(known.body).toContain('name="username" value="alice"');
  });

  it("says that an inactive account is not active, to whom knows its password", async () => {
    const { browser, page } = await loginPage();
    const told = await browser.submit(page, { username: "carol", password: PASSWORD });
    expect(told.body).toContain("not active");
    const guessed = await browser.submit(told, { username: "carol", password: "wrong" });
    expect(guessed.body).not.toContain("not active");
  });

  it("follows setUserActive", async () => {
    fixture.idp.setUserActive("bob", false);
    const { browser, page } = await loginPage();
    expect((await browser.submit(page, { username: "bob", password: PASSWORD })).body).toContain("not active");
    fixture.idp.setUserActive("bob", true);
    expect((await signIn(fixture.idp, {}, { username: "bob" })).tokens["id_token"]).toBeDefined();
    expect(() => fixture.idp.setUserActive("nobody", true)).toThrow('"nobody"');
  });

  it("can be cancelled", async () => {
    const { browser, page } = await loginPage();
    const isBack = (url: string) => url.startsWith(REDIRECT_URI);
    const back = await browser.submit(page, { action: "cancel" }, isBack);
    expect(new URL(back.url).searchParams.get("error")).toBe("access_denied");
  });

  it("is pressed by the Enter key at Log in, not at Cancel", async () => {
    const { page } = await loginPage();
    expect(/<button[^>]*>([^<]*)/.exec(page.body)?.[1]).toBe("Log in");
  });

  it("loads nothing from elsewhere and runs no script", async () => {
    const { page } = await loginPage({ login_hint: "<b>x" });
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'self'/);
    expect(page.body).not.toMatch(/<script|<b>|https?:\/\//);
  });

  it.each<[string, RequestInit, number]>([
    ["a body that is too large", { body: new URLSearchParams({ username: "x".repeat(1_000_000) }) }, 413],
    ["a body that is no form", { body: randomBytes(500).toString("latin1") }, 200],
    ["broken escapes and NUL", { body: "username=%E0%A4%A&password=%00&username=b" }, 200],
    ["a name of Object.prototype", { body: "username=__proto__&password=constructor" }, 200],
    ["another method", { method: "DELETE" }, 400],
  ])("bears %s", async (_name, init, status) => {
    const { browser, page } = await loginPage();
    const url = `${page.url}/login`;
    expect((await browser.request(url, { method: "POST", ...init })).status).toBe(status);
    expect((await browser.request(page.url)).body).toContain('name="password"');
  });

  it("is a 400 for a browser that did not begin it", async () => {
    const { page } = await loginPage();
    const stranger = await new Browser().request(`${page.url}/login`, { method: "POST", body: "username=alice" });
    expect([stranger.status, stranger.body.includes('role="alert"')]).toEqual([400, true]);
  });
});

describe("an authorization request", () => {
  it("without code_challenge is a page, status 400, and no redirect", async () => {
    const url = authorizationUrl(fixture.idp, { code_challenge: undefined, code_challenge_method: undefined });
    const response = await fetch(url, { redirect: "manual", headers: { accept: "text/html" } });
    expect([response.status, response.headers.get("location")]).toEqual([400, null]);
    expect(await response.text()).toContain("code_challenge is missing");
  });

  it("without code_challenge is fine for a client that need not use PKCE", async () => {
    const url = authorizationUrl(fixture.idp, {
      client_id: "no_pkce_client",
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect((await signInAtProvider(url)).parameters["code"]).toBeDefined();
  });

  it.each([
    "client_id",
    "scope",
    "state",
    "response_type",
    "claims",
    "max_age",
    "prompt",
    "acr_values",
    "id_token_hint",
  ])("with a hostile %s is answered without a crash, and escaped", async (name) => {
    for (const value of ["<script>alert(1)</script>", "\u0000\uD800%", "x".repeat(4_000)]) {
      const url = authorizationUrl(fixture.idp, { [name]: value });
      const response = await fetch(url, { headers: { accept: "text/html" }, redirect: "manual" });
      expect(response.status).toBeLessThan(500);
      expect(await response.text()).not.toContain("<script>alert");
    }
  });
});

describe("the consent page", () => {
  const client = { client_id: "consent_client" };

  it("that is denied answers access_denied", async () => {
    const { parameters } = await signInAtProvider(authorizationUrl(fixture.idp, client), { consent: "deny" });
    expect(parameters).toMatchObject({ error: "access_denied", state: "state-1" });
  });

  it("that is allowed answers a code, and names what is asked for", async () => {
    const browser = new Browser();
    const login = await browser.open(authorizationUrl(fixture.idp, client));
    const page = await browser.submit(login, { username: "alice", password: PASSWORD });
    for (const text of ["consent_client", "email", ">Allow<", ">Deny<"]) expect(page.body).toContain(text);
    const { parameters } = await signInAtProvider(authorizationUrl(fixture.idp, client), { consent: "allow" });
    expect(parameters["code"]).toBeDefined();
  });
});
