import type { ChallengeOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";

const fixture = useTestIdp();

/** The error that the call of `req.oidc` comes to, as "code: message"; "" where there is none. */
async function errorOf(method: "challenge" | "signOut" | "getAccessToken" | "getClientToken", given: unknown) {
  const rp = await fixture.start({
    options: { saveTokens: true },
    routes: (app) => {
      app.get("/go", async (req, res, next) => {
        if (method === "challenge" || method === "signOut")
          return void req.oidc[method](given as ChallengeOptions, next);
        try {
          res.send(await req.oidc[method](given as object));
        } catch (error) {
          next(error);
        }
      });
    },
  });
  const browser = new Browser();
  await browser.signIn(`${rp.url}/login`);
  await browser.request(`${rp.url}/go`);
  const [error] = rp.errors as { readonly code?: string; readonly message: string }[];
  return error === undefined ? "" : `${error.code}: ${error.message}`;
}

describe("what code gives to req.oidc", () => {
  it.each([
    [{ max_age: 300 }, 'max_age: unknown option. Did you mean "maxAge"?'],
    [{ acr_values: "mfa" }, 'Did you mean "acrValues"?'],
    [{ returnTo: "/x" }, "returnTo: unknown option"],
    [{ maxAge: "300" }, "maxAge: must be whole seconds"],
    [{ scope: 5 }, "scope: must be a text or a list of texts"],
    [{ scope: ["openid email"] }, "scope: holds"],
    [{ resource: {} }, "resource: must be"],
    [{ acrValues: [5] }, "acrValues: must be"],
    [{ prompt: 5 }, "prompt: must be a text"],
    [{ loginHint: null }, "loginHint: must be a text"],
    [{ returnUrl: 5 }, "returnUrl: must be a text"],
    [{ additionalParameters: { ui: 5 } }, "additionalParameters.ui: must be a text"],
    [{ state: 5n }, "no JSON value"],
    [null, "options: must be an object"],
  ])("for a challenge is checked: %s", async (given, part) => {
    const error = await errorOf("challenge", given);
    expect(error).toContain("ERR_OIDC_INVALID_CHALLENGE: ");
    expect(error).toContain(part);
  });

  it("for a challenge may be empty, as what comes from a request is", async () => {
    expect(await errorOf("challenge", { prompt: "", loginHint: "", resource: [], acrValues: "" })).toBe("");
  });

  it.each([
    ["signOut", { returnTo: "/x" }, "signOut() has invalid options"],
    ["signOut", { returnUrl: 5 }, "returnUrl: must be a text"],
    ["signOut", { local: "yes" }, "local: must be true or false"],
    ["getAccessToken", { audience: "api" }, "audience: unknown option"],
    ["getAccessToken", { scope: 5 }, "scope: must be a text or a list"],
    ["getAccessToken", { resource: 5n }, "resource: must be a text"],
    ["getAccessToken", { forceRefresh: "yes" }, "forceRefresh: must be true or false"],
    ["getClientToken", { forceRefresh: true }, "forceRefresh: unknown option"],
    ["getClientToken", { scope: {} }, "scope: must be a text or a list"],
  ] as const)("to %s is checked: %s", async (method, given, part) => {
    const error = await errorOf(method, given);
    expect(error).toContain("ERR_OIDC_INVALID_OPTIONS: ");
    expect(error).toContain(part);
  });
});
