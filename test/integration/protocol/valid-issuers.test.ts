import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

const fixture = useTestIdp();
const TENANT = "11111111-2222-3333-4444-555555555555";
const TEMPLATE = "https://login.example/{tenantid}/v2.0";
const issuerOf = (tenant: string) => TEMPLATE.replace("{tenantid}", tenant);

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
};

/** A provider whose metadata stands for many tenants, and whose tokens name theirs. */
async function signIn(claims: Readonly<Record<string, unknown>>, options: AddOpenIdConnectOptions) {
  const forge = createTokenForge(fixture.idp);
  const answer = async (url: string, init: RequestInit) => {
    if (url.endsWith("/openid-configuration")) {
      const metadata = (await (await fetch(url, init)).json()) as object;
      return Response.json({
        ...metadata,
        issuer: TEMPLATE,
        authorization_response_iss_parameter_supported: undefined,
      });
    }
    if (!url.endsWith("/connect/token")) return undefined;
    const body = (await (await fetch(url, init)).json()) as Record<string, string>;
    const token = { ...claimsOf(body["id_token"]), at_hash: undefined, ...claims };
    return Response.json({ ...body, id_token: forge.sign(token) });
  };
  const rp = await fixture.start({ options: { fetch: forge.fetch(answer), ...options }, routes });
  const browser = new Browser();
  const first = await browser.open(`${rp.url}/login?returnUrl=/who`, {}, (url) => url.includes("/signin-oidc"));
  if (first.status >= 400) return { rp, page: first };
  const stopAt = (url: string) => url.includes("/signin-oidc");
  const { url } = await browser.completeSignIn(first, {}, stopAt);
  // This provider names itself in its answers; one with a template has no name to give.
  const callback = new URL(url);
  callback.searchParams.delete("iss");
  return { rp, page: await browser.open(callback.href) };
}

describe("an issuer that stands for many tenants", () => {
  it("is a configuration error without validIssuers, which it names", async () => {
    const { rp, page } = await signIn({}, {});
    expect(page.status).toBe(500);
    expect(rp.errors[0]).toMatchObject({
      code: "ERR_OIDC_VALID_ISSUERS_MISSING",
      message: expect.stringContaining("tokenValidation.validIssuers"),
    });
  });

  it("is the same error at start where the metadata is given", async () => {
    const configuration = {
      issuer: TEMPLATE,
      authorization_endpoint: "https://x.example",
      token_endpoint: "https://x.example",
      jwks_uri: "https://x.example",
    };
    await expect(fixture.start({ options: { configuration } })).rejects.toThrow(/validIssuers/);
  });

  it.each<[string, string]>([
    ["its own issuer", issuerOf(TENANT)],
    ["the template itself", TEMPLATE],
  ])("lets a tenant in that validIssuers lists by %s", async (_name, validIssuer) => {
    const { page } = await signIn(
      { iss: issuerOf(TENANT), tid: TENANT },
      { tokenValidation: { validIssuers: [validIssuer] } },
    );
    expect(page.body).toBe("alice");
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["another tenant than those listed", { iss: issuerOf("99999999-2222-3333-4444-555555555555") }, issuerOf(TENANT)],
    [
      "a tenant id that is not the issuer's",
      { iss: issuerOf(TENANT), tid: "99999999-2222-3333-4444-555555555555" },
      TEMPLATE,
    ],
    ["a tenant id that is no GUID", { iss: issuerOf("evil"), tid: "evil" }, TEMPLATE],
    ["no tenant id", { iss: issuerOf(TENANT) }, TEMPLATE],
    ["the template as issuer", { iss: "https://other.example", tid: TENANT }, TEMPLATE],
  ])("refuses a token with %s", async (_name, claims, validIssuer) => {
    const { rp, page } = await signIn(claims, { tokenValidation: { validIssuers: [validIssuer] } });
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });

  it("lets a tenant that is listed begin a login, and no other", async () => {
    const forge = createTokenForge(fixture.idp);
    const answer = async (url: string, init: RequestInit) => {
      if (!url.endsWith("/openid-configuration")) return undefined;
      return Response.json({ ...((await (await fetch(url, init)).json()) as object), issuer: TEMPLATE });
    };
    const options = { fetch: forge.fetch(answer), tokenValidation: { validIssuers: [issuerOf(TENANT)] } };
    const rp = await fixture.start({ options, routes });
    const begin = (iss: string) => new Browser().request(`${rp.url}/login?${new URLSearchParams({ iss })}`);
    expect((await begin(issuerOf(TENANT))).status).toBe(302);
    expect((await begin(issuerOf("99999999-2222-3333-4444-555555555555"))).status).toBe(400);
  });

  it("is checked to be a list of URLs", async () => {
    await expect(fixture.start({ options: { tokenValidation: { validIssuers: ["contoso"] } } })).rejects.toThrow(
      /validIssuers: holds "contoso"/,
    );
  });
});
