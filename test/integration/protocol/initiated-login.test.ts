import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(`${req.user?.sub ?? "nobody"} ${req.url}`));
};
const CROSS_SITE = { "sec-fetch-site": "cross-site" };
const query = (given: Record<string, string>) => new URLSearchParams(given).toString();

describe("a login that another site begins", () => {
  it("by link leads to the target on the own origin, with the hint for the provider", async () => {
    const rp = await fixture.start({ routes });
    const given = query({ iss: fixture.idp.issuer, target_link_uri: `${rp.url}/who?a=1`, login_hint: "alice" });
    const browser = new Browser();
    const start = await browser.request(`${rp.url}/login?${given}`, { headers: CROSS_SITE });
    expect(new URL(start.headers.get("location") ?? "").searchParams.get("login_hint")).toBe("alice");
    expect((await browser.signIn(`${rp.url}/login?${given}`)).body).toBe("alice /who?a=1");
  });

  it("by form does the same", async () => {
    const rp = await fixture.start({ routes });
    const browser = new Browser();
    const start = await browser.request(`${rp.url}/login`, {
      method: "POST",
      headers: { ...CROSS_SITE, "content-type": "application/x-www-form-urlencoded" },
      body: query({ iss: fixture.idp.issuer, target_link_uri: "/who", login_hint: "alice" }),
    });
    expect(start.status).toBe(303);
    const { searchParams } = new URL(start.headers.get("location") ?? "");
    expect(searchParams.get("login_hint")).toBe("alice");
    expect((await browser.signIn(start.headers.get("location") ?? "")).body).toBe("alice /who");
  });

  it.each([
    "https://evil.example/who",
    "//evil.example/who",
    "javascript:alert(1)",
    "/logout",
    "/login",
    "\\\\evil.example",
  ])("never leads to %s", async (target) => {
    const rp = await fixture.start({ routes });
    const given = query({ iss: fixture.idp.issuer, target_link_uri: target });
    const page = await new Browser().open(`${rp.url}/login?${given}`, { headers: CROSS_SITE }, (url) =>
      url.includes("/interaction/"),
    );
    const browser = new Browser();
    expect(page.status).toBeLessThan(400);
    const end = await browser.signIn(`${rp.url}/login?${given}`);
    expect(end.url).toBe(`${rp.url}/`);
  });

  it.each<[string, string, number, string]>([
    ["for another issuer", query({ iss: "https://evil.example" }), 400, "ERR_OIDC_ISSUER_MISMATCH"],
    ["with two issuers", "iss=https://a.example&iss=https://b.example", 400, "ERR_OIDC_CALLBACK_MALFORMED"],
  ])("%s is refused", async (_name, given, status, code) => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/login?${given}`, { headers: CROSS_SITE });
    expect([page.status, page.headers.get("location")]).toEqual([status, null]);
    expect(rp.errors[0]).toMatchObject({ code });
  });

  it("without issuer is an ordinary one, whose hint reaches nobody", async () => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/login?${query({ login_hint: "alice" })}`);
    expect(new URL(page.headers.get("location") ?? "").searchParams.has("login_hint")).toBe(false);
  });

  it.each<[string, RequestInit]>([
    ["a form without issuer", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" }],
    ["JSON", { headers: { "content-type": "application/json" }, body: "{}" }],
    ["nothing", {}],
  ])("is not begun by a POST of %s", async (_name, init) => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/login`, { method: "POST", ...init });
    expect([page.status, page.headers.get("allow")]).toEqual([405, "GET"]);
  });

  it("leaves out a hint that is too long to be one", async () => {
    const rp = await fixture.start({ routes });
    const given = query({ iss: fixture.idp.issuer, login_hint: "x".repeat(513) });
    const page = await new Browser().request(`${rp.url}/login?${given}`);
    expect(new URL(page.headers.get("location") ?? "").searchParams.has("login_hint")).toBe(false);
  });
});
