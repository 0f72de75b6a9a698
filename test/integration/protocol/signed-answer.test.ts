import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { post, postedAnswer } from "../../support/posted-answer.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
};
const tokenCalls = () => fixture.idp.requests.filter(({ path }) => path === "/connect/token").length;

/** A login up to its signed answer, in the query. */
async function answered(options: AddOpenIdConnectOptions = {}) {
  const rp = await fixture.start({ options: { responseMode: "jwt", ...options }, routes });
  const browser = new Browser();
  const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login?returnUrl=/who`));
  const response = callback.searchParams.get("response") ?? "";
  const send = (query: Record<string, string>) =>
    browser.request(`${callback.origin}${callback.pathname}?${new URLSearchParams(query)}`);
  return { rp, response, send };
}

describe("a signed answer (JARM)", () => {
  it.each(["jwt", "query.jwt", "form_post.jwt"] as const)('signs in with responseMode "%s"', async (responseMode) => {
    const rp = await fixture.start({ options: { responseMode }, routes });
    const browser = new Browser();
    const start = await browser.request(`${rp.url}/login?returnUrl=/who`);
    expect(new URL(start.headers.get("location") ?? "").searchParams.get("response_mode")).toBe(responseMode);
    expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  });

  it("of the forge counts like one of the provider's, so that what follows is refused for its claims", async () => {
    const forge = createTokenForge(fixture.idp);
    const { response, send } = await answered({ fetch: forge.fetch() });
    expect((await send({ response: forge.sign(claimsOf(response)) })).status).toBe(302);
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ["of another issuer", (claims) => ({ ...claims, iss: "https://evil.example" })],
    ["without issuer", ({ iss: _, ...claims }) => claims],
    ["for another client", (claims) => ({ ...claims, aud: "other" })],
    ["without audience", ({ aud: _, ...claims }) => claims],
    ["that has expired", (claims) => ({ ...claims, exp: 1 })],
    ["without end", ({ exp: _, ...claims }) => claims],
  ])("%s is refused, and its code is not redeemed", async (_name, change) => {
    const forge = createTokenForge(fixture.idp);
    const { rp, response, send } = await answered({ fetch: forge.fetch() });
    const before = tokenCalls();
    expect((await send({ response: forge.sign(change(claimsOf(response))) })).status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CALLBACK_MALFORMED" });
    expect(tokenCalls()).toBe(before);
  });

  it.each<[string, (response: string) => Record<string, string>]>([
    ["with a foreign signature", (response) => ({ response: createTokenForge(fixture.idp).sign(claimsOf(response)) })],
    ["without signature", (response) => ({ response: `${response.split(".").slice(0, 2).join(".")}.` })],
    ["that is no JWT", () => ({ response: "x" })],
    ["with plain parameters beside it", (response) => ({ response, state: String(claimsOf(response)["state"]) })],
    [
      "in plain parameters",
      (response) => {
        const { code, state, iss } = claimsOf(response);
        return { code: String(code), state: String(state), iss: String(iss) };
      },
    ],
  ])("%s is refused", async (_name, change) => {
    const { rp, response, send } = await answered();
    const before = tokenCalls();
    expect((await send(change(response))).status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CALLBACK_MALFORMED" });
    expect(tokenCalls()).toBe(before);
  });

  it("of another sign-in is refused in another browser", async () => {
    const { rp, response } = await answered();
    const page = await new Browser().request(`${rp.url}/signin-oidc?${new URLSearchParams({ response })}`);
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CORRELATION_FAILED" });
  });

  it("may carry the provider's refusal", async () => {
    const rp = await fixture.start({ options: { responseMode: "form_post.jwt" }, routes });
    const browser = new Browser();
    const start = await browser.open(`${rp.url}/login?returnUrl=/who`);
    const page = await browser.submit(start, { action: "cancel" });
    const denied = await browser.submit(page, {});
    expect(denied.status).toBe(403);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ACCESS_DENIED" });
  });

  it("that is posted needs the correlation cookie of its browser", async () => {
    const rp = await fixture.start({ options: { responseMode: "form_post.jwt" }, routes });
    const browser = new Browser();
    const { action, fields } = await postedAnswer(browser, `${rp.url}/login?returnUrl=/who`);
    expect(Object.keys(fields)).toEqual(["response"]);
    expect((await post(new Browser(), action, fields)).status).toBe(400);
    expect((await post(browser, action, fields)).status).toBe(303);
  });

  it("is not taken where plain ones were asked for", async () => {
    const { response } = await answered();
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/signin-oidc?${new URLSearchParams({ response })}`);
    expect(page.status).toBe(400);
  });
});

describe("response types and modes", () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ["token", { responseType: "token" }, /access token through the browser/],
    ["code token", { responseType: "code token" }, /access token through the browser/],
    ["id_token token", { responseType: "id_token token" }, /access token through the browser/],
    ["code id_token token", { responseType: "code id_token token" }, /access token through the browser/],
    ["something else", { responseType: "none" }, /must be one of/],
    ["id_token in the query", { responseType: "id_token", responseMode: "query" }, /"form_post" alone/],
    ["code id_token in the query", { responseType: "code id_token", responseMode: "query" }, /"form_post" alone/],
    ["code id_token signed", { responseType: "code id_token", responseMode: "jwt" }, /"form_post" alone/],
    ["a fragment", { responseMode: "fragment" }, /responseMode: must be one of/],
    ["id_token with dPoP", { responseType: "id_token", dPoP: true }, /needs an access token/],
    [
      "id_token with userinfo",
      { responseType: "id_token", getClaimsFromUserInfoEndpoint: true },
      /needs an access token/,
    ],
  ])("%s is refused at start", async (_name, options, message) => {
    await expect(fixture.start({ options: options as AddOpenIdConnectOptions })).rejects.toThrow(message);
  });

  it("come in any order of words", async () => {
    const rp = await fixture.start({ options: { responseType: "id_token code" } as never, routes });
    expect((await new Browser().signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  });
});
