import { CallbackError } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty } from "../../support/relying-party.js";

const fixture = useTestIdp();

/** The provider's answer with an error, as it comes back for a sign-in of this browser. */
async function answerWith(rp: RelyingParty, browser: Browser, fields: Record<string, string>): Promise<string> {
  const page = await browser.request(`${rp.url}/login?returnUrl=/deep`);
  const { searchParams } = new URL(page.headers.get("location") ?? "");
  const query = new URLSearchParams({ state: searchParams.get("state") ?? "", iss: fixture.idp.issuer, ...fields });
  return `${rp.url}/signin-oidc?${query}`;
}

const details = { error: "custom_error", error_description: "custom description", error_uri: "https://x.example/uri" };

describe("an error of the provider", () => {
  it("reaches the failure event and the app with its details", async () => {
    const seen: unknown[] = [];
    const rp = await fixture.start({
      options: { events: { onRemoteFailure: (ctx) => seen.push(ctx.error, ctx.properties?.returnUrl) } },
    });
    const browser = new Browser();
    const page = await browser.request(await answerWith(rp, browser, details));
    expect(page.status).toBe(400);
    const [error, returnUrl] = seen;
    expect(error).toBeInstanceOf(CallbackError);
    expect(error).toMatchObject({
      code: "ERR_OIDC_AUTHORIZATION_REJECTED",
      error: "custom_error",
      errorDescription: "custom description",
      errorUri: "https://x.example/uri",
    });
    expect(returnUrl).toBe("/deep");
    expect(rp.errors).toEqual([error]);
  });

  it("can be answered by the failure event with a redirect", async () => {
    const rp = await fixture.start({
      options: {
        events: {
          onRemoteFailure: (ctx) => {
            ctx.res.writeHead(302, { location: "/oops" }).end();
            ctx.handled();
          },
        },
      },
    });
    const browser = new Browser();
    const page = await browser.request(await answerWith(rp, browser, details));
    expect([page.status, page.headers.get("location")]).toEqual([302, "/oops"]);
    expect(rp.errors).toEqual([]);
  });

  it("that is a denial is 403, or a redirect to accessDeniedPath with the return URL", async () => {
    const plain = await fixture.start();
    const browser = new Browser();
    const denied = await browser.request(await answerWith(plain, browser, { error: "access_denied" }));
    expect(denied.status).toBe(403);
    expect(plain.errors[0]).toMatchObject({ code: "ERR_OIDC_ACCESS_DENIED" });
    const rp = await fixture.start({ options: { accessDeniedPath: "/denied" } });
    const other = new Browser();
    const page = await other.request(await answerWith(rp, other, { error: "access_denied" }));
    expect([page.status, page.headers.get("location")]).toEqual([302, "/denied?returnUrl=%2Fdeep"]);
  });

  it("with markup in it is shown escaped, or not at all", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const hostile = { error: "<img src=x>", error_description: '"><script>alert(1)</script>' };
    const page = await browser.request(await answerWith(rp, browser, hostile));
    expect(page.status).toBe(400);
    expect(page.body).not.toContain("<script>");
    expect(page.body).not.toContain("<img");
  });

  it("by denied consent at a real provider is 403 with a way to start again", async () => {
    const rp = await fixture.start({ options: { clientId: "consent_client" } });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/deep`, { consent: "deny" });
    expect(page.status).toBe(403);
    expect(page.body).toContain('href="/login?returnUrl=%2Fdeep"');
  });
});

describe("skipUnrecognizedRequests", () => {
  it("lets a plain GET and an empty form on the callback path reach the app", async () => {
    const rp = await fixture.start({
      options: { skipUnrecognizedRequests: true },
      routes: (app) => {
        app.all("/signin-oidc", (_req, res) => res.send("the app's"));
      },
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await new Browser().request(`${rp.url}/signin-oidc`)).body).toBe("the app's");
    expect((await new Browser().request(`${rp.url}/signin-oidc`, { method: "POST", headers, body: "" })).body).toBe(
      "the app's",
    );
  });

  it("still refuses what is OpenID Connect's and wrong", async () => {
    const rp = await fixture.start({ options: { skipUnrecognizedRequests: true } });
    expect((await new Browser().request(`${rp.url}/signin-oidc?code=a&state=b`)).status).toBe(400);
  });
});
