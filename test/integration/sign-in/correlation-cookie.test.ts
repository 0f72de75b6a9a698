import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingPartySettings, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp();

async function correlationCookie(
  options: AddOpenIdConnectOptions = {},
  more: Omit<RelyingPartySettings, "options"> = {},
): Promise<string> {
  const rp = await fixture.start({ ...more, options });
  const { setCookies } = await new Browser().request(`${rp.url}/login`);
  expect(setCookies).toHaveLength(1);
  return setCookies[0] ?? "";
}

describe("the correlation cookie", () => {
  it("has the path of the session cookie: the mount path, or what the session says", async () => {
    expect(await correlationCookie()).toContain("; Path=/;");
    expect(await correlationCookie({}, { mountPath: "/app" })).toContain("; Path=/app;");
    const session = { secret: SECRET, cookie: { path: "/signed-in", domain: "example.com" } };
    const cookie = await correlationCookie({ session });
    expect(cookie).toContain("; Path=/signed-in;");
    expect(cookie).toContain("Domain=example.com");
  });

  it("takes name and attributes of its own, and keeps the safe defaults for the rest", async () => {
    const cookie = await correlationCookie({
      transaction: { name: "mine", cookie: { path: "/signin-oidc", sameSite: "none", partitioned: true } },
    });
    expect(cookie).toMatch(/^mine\.[\w-]{4}=/);
    for (const part of ["Path=/signin-oidc", "HttpOnly", "SameSite=None", "Partitioned"])
      expect(cookie).toContain(part);
    const strict = await correlationCookie({ session: { secret: SECRET, cookie: { sameSite: "strict" } } });
    // Strict would not come back from the provider's site.
    expect(strict).toContain("SameSite=Lax");
  });

  it("is Secure, and bound to the host by its name, where the app is https", async () => {
    const cookie = await correlationCookie({ baseUrl: "https://app.example" });
    expect(cookie).toMatch(/^__Host-oidc\.c\.[\w-]{4}=/);
    expect(cookie).toContain("; Secure");
    const own = { baseUrl: "https://app.example", transaction: { cookie: { path: "/signin-oidc" } } };
    expect(await correlationCookie(own)).toMatch(/^__Secure-oidc\.c\.[\w-]{4}=.*; Path=\/signin-oidc;.*; Secure/);
  });

  it("lives as long as a transaction may, anew at each challenge", async () => {
    const rp = await fixture.start({ options: { transaction: { lifetime: 60 } } });
    const browser = new Browser();
    const [first = ""] = (await browser.request(`${rp.url}/login`)).setCookies;
    const [second = ""] = (await browser.request(`${rp.url}/login`)).setCookies;
    expect(first).toContain("; Max-Age=60;");
    expect(second).toBe(first);
  });

  it("that is malformed is as if it were not there: a new one is given", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    for (const value of ["", "short", "A".repeat(23), "%00".repeat(8), `${"A".repeat(22)}.not-a-time`]) {
      browser.jar.set("oidc.c.abcd", value, rp.url);
      const [line = ""] = (await browser.request(`${rp.url}/login`)).setCookies;
      expect(line).toMatch(/^oidc\.c\.[\w-]{4}=[\w-]{22}; /);
      expect(line).not.toContain("oidc.c.abcd=");
    }
  });

  it("with a secret of its own seals the state apart from the session", async () => {
    const rp = await fixture.start({
      options: { transaction: { secret: "state-0123456789-abcdefghijklmnopqrstuvwxyz" } },
    });
    const other = await fixture.start();
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login`));
    const page = await browser.request(`${other.url}/signin-oidc${callback.search}`);
    expect([page.status, other.errors]).toEqual([400, [expect.objectContaining({ code: "ERR_OIDC_STATE_INVALID" })]]);
    expect((await browser.request(callback.href)).status).toBe(302);
  });
});
