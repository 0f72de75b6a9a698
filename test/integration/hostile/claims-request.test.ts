import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { startHostileApp } from "./hostile-app.js";

const alice = expect.stringContaining('"sub":"alice"');

type Asked = NonNullable<NonNullable<AddOpenIdConnectOptions["claims"]>["id_token"]>;

describe("claims that are asked of the ID token", () => {
  it.each<[string, Asked, Record<string, unknown>, boolean]>([
    ["an essential acr that is missing", { acr: { essential: true, values: ["gold"] } }, {}, false],
    ["an essential acr of another value", { acr: { essential: true, values: ["gold"] } }, { acr: "lead" }, false],
    [
      "an essential acr of a value asked for",
      { acr: { essential: true, values: ["x", "gold"] } },
      { acr: "gold" },
      true,
    ],
    ["an essential acr of the one value", { acr: { essential: true, value: "gold" } }, { acr: "gold" }, true],
    ["an essential acr of any value", { acr: { essential: true } }, { acr: "lead" }, true],
    ["an essential acr of any value, missing", { acr: { essential: true } }, {}, false],
    ["a voluntary acr of another value", { acr: { values: ["gold"] } }, { acr: "lead" }, true],
    ["a voluntary acr that is missing", { acr: null }, {}, true],
    ["an essential auth_time that is missing", { auth_time: { essential: true } }, { auth_time: undefined }, false],
    ["an essential auth_time", { auth_time: { essential: true } }, {}, true],
    ["another sub", { sub: { value: "bob" } }, {}, false],
    ["the sub", { sub: { value: "alice" } }, {}, true],
    ["an essential claim of another value", { tenant: { essential: true, value: "a" } }, { tenant: "b" }, false],
    ["an essential claim of an equal object", { t: { essential: true, value: { a: [1] } } }, { t: { a: [1] } }, true],
    ["an essential claim about the user, missing", { email: { essential: true } }, {}, true],
  ])("%s: %j, %j, signed in is %s", async (_name, asked, told, isSignedIn) => {
    const app = await startHostileApp({ claims: { id_token: asked } });
    app.provider.lie({ claims: (claims) => ({ ...claims, ...told }) });
    const page = await app.signIn();
    if (isSignedIn) expect(page.body).toEqual(alice);
    else expect(app.rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID", status: 400 })]);
  });

  it("are held against the token of the browser before the code is redeemed", async () => {
    const app = await startHostileApp({
      responseType: "code id_token",
      claims: { id_token: { acr: { essential: true } } },
    });
    expect((await app.signIn()).status).toBe(400);
    expect(app.provider.asked).not.toContain("/token");
  });

  it("of one challenge, or as an event leaves them, are what its answer is held to", async () => {
    const wanted = JSON.stringify({ id_token: { acr: { essential: true, value: "gold" } } });
    let claims: string | undefined = wanted;
    const app = await startHostileApp({
      claims: { id_token: { acr: { essential: true, value: "silver" } } },
      events: {
        onRedirectToIdentityProvider: ({ parameters }) => {
          if (claims === undefined) delete parameters["claims"];
          else parameters["claims"] = claims;
        },
      },
    });
    app.provider.lie({ claims: (told) => ({ ...told, acr: "silver" }) });
    expect((await app.signIn()).status).toBe(400);
    app.provider.lie({ claims: (told) => ({ ...told, acr: "gold" }) });
    expect((await app.signIn()).body).toEqual(alice);
    claims = undefined;
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
    // No JSON asks for nothing.
    claims = "{";
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("cannot be changed where they are pushed", async () => {
    const app = await startHostileApp({
      pushedAuthorization: "require",
      claims: { id_token: { acr: { essential: true } } },
      events: {
        onPushAuthorization: ({ parameters }) => {
          parameters["claims"] = "{}";
        },
      },
    });
    expect((await new Browser().request(`${app.rp.url}/login`)).status).toBe(500);
    expect(app.rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_PUSHED_AUTHORIZATION" })]);
  });
});
