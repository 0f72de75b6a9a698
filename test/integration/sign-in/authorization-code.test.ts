import { requireAuth } from "add-openid-connect";
import { createTestIdp, type TestIdp } from "add-openid-connect/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { type RelyingParty, type RelyingPartySettings, startRelyingParty } from "../../support/relying-party.js";

let idp: TestIdp;
let rp: RelyingParty;

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/profile", requireAuth(), (req, res) => {
    res.json({ url: req.originalUrl, user: req.user, tokens: req.oidc.getToken("access_token") !== undefined });
  });
};

beforeAll(async () => {
  idp = await createTestIdp();
});
afterAll(() => idp.stop());
afterEach(() => rp.stop());

async function start(options: NonNullable<RelyingPartySettings["options"]> = {}): Promise<void> {
  rp = await startRelyingParty(idp, { options, routes });
}

describe("sign-in with the authorization code flow", () => {
  it("comes back to the deep link with its query byte for byte, signed in", async () => {
    await start();
    const link = "/profile?tab=a%20b&x=%2F..&y=1+2&z=%c3%a4";
    const page = await new Browser().signIn(rp.url + link);
    expect(page.status).toBe(200);
    const body = JSON.parse(page.body);
    expect(body.url).toBe(link);
    expect(body.user).toMatchObject({ sub: "alice", name: "Alice Smith" });
    expect(body.tokens).toBe(false);
  });

  it.each([
    ["client_secret_basic", { clientId: "pkce_client", clientSecret: "secret" }],
    [
      "client_secret_post",
      { clientId: "post_client", clientSecret: "secret", clientAuthentication: "client_secret_post" },
    ],
    ["no secret", { clientId: "public_client", clientSecret: undefined }],
    ["no PKCE", { clientId: "no_pkce_client", usePkce: false }],
  ] as const)("signs in with %s", async (_name, options) => {
    await start(options);
    const page = await new Browser().signIn(`${rp.url}/profile`);
    expect(JSON.parse(page.body).user.sub).toBe("alice");
  });

  it("signs in by form_post", async () => {
    await start({ responseMode: "form_post" });
    const browser = new Browser();
    const page = await browser.signIn(`${rp.url}/profile`);
    expect(JSON.parse(page.body).user.sub).toBe("alice");
    const callback = browser.history.find(({ url }) => new URL(url).pathname === "/signin-oidc");
    expect(callback?.status).toBe(303);
  });

  it("keeps tokens when asked, and userinfo claims join the user", async () => {
    await start({ saveTokens: true, getClaimsFromUserInfoEndpoint: true, scope: "openid profile email roles api1" });
    const page = await new Browser().signIn(`${rp.url}/profile`);
    const { user, tokens } = JSON.parse(page.body);
    expect(tokens).toBe(true);
    expect(user.claims.email).toBe("alice@example.com");
    expect(user.roles).toEqual(["admin", "user"]);
  });
});
