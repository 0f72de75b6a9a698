import type { AddOpenIdConnectOptions, ChallengeOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";

const fixture = useTestIdp();

/** The authorization request of one challenge, or the error's code. */
async function sent(given: ChallengeOptions, options: AddOpenIdConnectOptions = {}): Promise<URLSearchParams | string> {
  const rp = await fixture.start({
    options,
    routes: (app) => {
      app.get("/go", (req, _res, next) => void req.oidc.challenge(given, next));
    },
  });
  const page = await new Browser().request(`${rp.url}/go`);
  const location = page.headers.get("location");
  return location === null ? String((rp.errors[0] as { code?: unknown }).code) : new URL(location).searchParams;
}

async function parameter(name: string, given: ChallengeOptions, options?: AddOpenIdConnectOptions) {
  const search = await sent(given, options);
  return typeof search === "string" ? search : search.get(name);
}

describe("a challenge", () => {
  it("has the prompt of its own, of its additional parameters, or of the options, in this order", async () => {
    const options: AddOpenIdConnectOptions = { prompt: "consent" };
    expect(await parameter("prompt", {}, options)).toBe("consent");
    expect(await parameter("prompt", { additionalParameters: { prompt: "create" } }, options)).toBe("create");
    const both = { prompt: "login", additionalParameters: { prompt: "create" } };
    expect(await parameter("prompt", both, options)).toBe("login");
    expect(await parameter("prompt", {})).toBe(null);
  });

  it("has the scope of its own in place of the options', separated by blanks", async () => {
    const options: AddOpenIdConnectOptions = { scope: ["openid", "profile", "api1"] };
    expect(await parameter("scope", {}, options)).toBe("openid profile api1");
    expect(await parameter("scope", { scope: ["openid", "email"] }, options)).toBe("openid email");
    expect(await parameter("scope", { scope: "openid  phone" }, options)).toBe("openid phone");
  });

  it("has the maxAge of its own, 0 too, in place of the options'", async () => {
    const options: AddOpenIdConnectOptions = { maxAge: 600 };
    expect(await parameter("max_age", {}, options)).toBe("600");
    expect(await parameter("max_age", { maxAge: 0 }, options)).toBe("0");
    expect(await parameter("max_age", { maxAge: undefined }, options)).toBe("600");
    expect(await parameter("max_age", {})).toBe(null);
  });

  it("has further parameters of options and its own, encoded", async () => {
    const value = "a&b=c d+é#/?%";
    const search = await sent(
      { additionalParameters: { mine: value, both: "challenge" } },
      { additionalAuthorizationParameters: { common: value, both: "options" } },
    );
    const parameters = typeof search === "string" ? {} : Object.fromEntries(search);
    expect(parameters).toMatchObject({ mine: value, common: value, both: "challenge" });
  });

  it.each<[string, ChallengeOptions]>([
    ["a scope without openid", { scope: "profile" }],
    ["a negative maxAge", { maxAge: -1 }],
    ["a fraction as maxAge", { maxAge: 1.5 }],
    ["scope among the additional parameters", { additionalParameters: { scope: "profile" } }],
    ["max_age among the additional parameters", { additionalParameters: { max_age: "1" } }],
    ["state among the additional parameters", { additionalParameters: { state: "x" } }],
    ["nonce among the additional parameters", { additionalParameters: { nonce: "x" } }],
  ])("with %s is an error", async (_name, given) => {
    expect(await sent(given)).toBe("ERR_OIDC_INVALID_CHALLENGE");
  });
});
