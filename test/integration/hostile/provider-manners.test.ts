import { describe, expect, it } from "vitest";
import type { Lies } from "../../hostile-provider/lies.js";
import { createKey, type Json } from "../../hostile-provider/signer.js";
import { Browser } from "../../support/browser.js";
import { at, count, startHostileApp } from "./hostile-app.js";

const alice = expect.stringContaining('"sub":"alice"');

/** A provider that calls itself by another name than its origin, in everything that it says. */
function named(issuer: string): Lies {
  return {
    metadata: (document) => ({ ...document, issuer }),
    claims: (claims) => ({ ...claims, iss: issuer }),
    answer: (answer) => ({ ...answer, iss: issuer }),
  };
}

describe("discovery", () => {
  it("that a 301 moves within the origin is followed", async () => {
    const app = await startHostileApp();
    app.provider.lie(
      at("/.well-known/openid-configuration", (res) =>
        res.writeHead(301, { location: "/oidc/.well-known/openid-configuration" }).end(),
      ),
    );
    expect((await app.signIn()).body).toEqual(alice);
    expect(count(app, "/oidc/.well-known/openid-configuration")).toBe(1);
  });

  it.each([
    ["a path", "/realms/main"],
    ["a path with a slash at its end", "/realms/main/"],
    ["a slash at its end", "/"],
  ])("below an issuer with %s, given with the slash or without", async (_name, path) => {
    const { provider } = await startHostileApp();
    for (const given of [path, path.endsWith("/") ? path.slice(0, -1) : `${path}/`]) {
      const app = await startHostileApp((issuer) => ({ authority: `${issuer}${given}` }));
      app.provider.lie(named(`${app.provider.issuer}${path}`));
      expect((await app.signIn()).body).toEqual(alice);
    }
    expect(provider.asked).toEqual([]);
  });

  it("with a double slash in every endpoint", async () => {
    const app = await startHostileApp({ getClaimsFromUserInfoEndpoint: true });
    const doubled = (document: Json) =>
      Object.fromEntries(
        Object.entries(document).map(([name, value]) => [
          name,
          /_endpoint$|_uri$/.test(name) ? String(value).replace(/\/(\w+)$/, "//$1") : value,
        ]),
      );
    app.provider.lie({ metadata: doubled });
    expect((await app.signIn()).body).toEqual(expect.stringContaining("a@example.com"));
  });

  it.each(["ES256", "EdDSA", "PS256"] as const)("that lists RS256 alone, and tokens come as %s", async (alg) => {
    const app = await startHostileApp();
    app.provider.rotate(createKey(alg));
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("of a provider that says Ed25519 where others say EdDSA", async () => {
    const app = await startHostileApp();
    const key = createKey("EdDSA");
    app.provider.rotate({ ...key, jwk: { ...key.jwk, alg: "Ed25519" } });
    app.provider.lie({ header: (header) => ({ ...header, alg: "Ed25519" }) });
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("that forgets refresh_token and offline_access does not keep the app from refreshing", async () => {
    const app = await startHostileApp({ scope: ["openid", "offline_access"], saveTokens: true });
    app.provider.lie({
      metadata: (document) => ({
        ...document,
        grant_types_supported: ["authorization_code"],
        scopes_supported: ["openid"],
      }),
    });
    const browser = new Browser();
    await browser.signIn(`${app.rp.url}/login?returnUrl=/who`);
    expect((await browser.request(`${app.rp.url}/token`)).status).toBe(200);
  });

  it("that names an issuer for many tenants is a configuration error until validIssuers is set", async () => {
    const tenant = "b1a7c6de-0000-4000-8000-123456789abc";
    const lies = (issuer: string): Lies => ({
      ...named(`${issuer}/${tenant}/v2.0`),
      metadata: (document) => ({ ...document, issuer: `${issuer}/{tenantid}/v2.0` }),
      claims: (claims) => ({ ...claims, iss: `${issuer}/${tenant}/v2.0`, tid: tenant }),
    });
    const refused = await startHostileApp();
    refused.provider.lie(lies(refused.provider.issuer));
    await new Browser().request(`${refused.rp.url}/login`);
    expect(refused.rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_VALID_ISSUERS_MISSING" })]);
    const app = await startHostileApp((issuer) => ({
      tokenValidation: { validIssuers: [`${issuer}/${tenant}/v2.0`] },
    }));
    app.provider.lie(lies(app.provider.issuer));
    expect((await app.signIn()).body).toEqual(alice);
  });
});

describe("a refresh answer", () => {
  const options = { scope: ["openid", "offline_access"], saveTokens: true };

  it.each<[string, Lies["tokenResponse"]]>([
    ["without ID token", ({ id_token: _token, ...body }) => body],
    ["without a new refresh token", ({ refresh_token: _token, ...body }) => body],
    ["without expires_in", ({ expires_in: _seconds, ...body }) => body],
    ["with expires_in as text", (body) => ({ ...body, expires_in: "300" })],
  ])("%s is good, and the user stays", async (_name, tokenResponse) => {
    const app = await startHostileApp(options);
    const browser = new Browser();
    await browser.signIn(`${app.rp.url}/login?returnUrl=/who`);
    app.provider.lie({ ...(tokenResponse !== undefined && { tokenResponse }) });
    const page = await browser.request(`${app.rp.url}/token`);
    expect([page.status, page.body.length > 0]).toEqual([200, true]);
    expect((await browser.request(`${app.rp.url}/who`)).body).toEqual(alice);
    expect(app.rp.errors).toEqual([]);
  });
});

describe("a sign-out", () => {
  it("at a provider that returns only where state was sent comes back", async () => {
    const app = await startHostileApp({ signedOutRedirectUri: "/who" });
    app.provider.lie({
      respond: (path, req, res) => {
        if (path !== "/end" || req.url?.includes("state=") === true) return false;
        res.end("You are signed out.");
        return true;
      },
    });
    const browser = new Browser();
    await browser.signIn(`${app.rp.url}/login?returnUrl=/who`);
    const page = await browser.open(`${app.rp.url}/logout`);
    expect([page.url, page.body]).toEqual([`${app.rp.url}/who`, "null"]);
  });

  it("at a provider that never returns has ended the session here all the same", async () => {
    const app = await startHostileApp();
    app.provider.lie(at("/end", (res) => res.end("You are signed out.")));
    const browser = new Browser();
    await browser.signIn(`${app.rp.url}/login?returnUrl=/who`);
    expect((await browser.open(`${app.rp.url}/logout`)).body).toBe("You are signed out.");
    expect((await browser.request(`${app.rp.url}/who`)).body).toBe("null");
  });

  it("through the browser with a sid where the ID token had none ends nothing, and is told", async () => {
    const app = await startHostileApp();
    const browser = new Browser();
    await browser.signIn(`${app.rp.url}/login?returnUrl=/who`);
    const query = new URLSearchParams({ iss: app.provider.issuer, sid: "a-session" });
    expect((await browser.request(`${app.rp.url}/signout-oidc?${query}`)).status).toBe(200);
    expect((await browser.request(`${app.rp.url}/who`)).body).toEqual(alice);
    expect(app.rp.log.join()).toContain("remote_sign_out_ignored");
  });
});
