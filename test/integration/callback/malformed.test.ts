import { CallbackError } from "add-openid-connect";
import type { NextFunction, Request, Response } from "express";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { OLD_SECRET, type RelyingParty } from "../../support/relying-party.js";

const fixture = useTestIdp();

async function refused(
  rp: RelyingParty,
  browser: Browser,
  url: string,
  init: RequestInit = {},
): Promise<CallbackError> {
  const before = browser.jar.header(rp.url);
  const asked = fixture.idp.requests.filter(({ path }) => path === "/connect/token").length;
  const page = await browser.request(url, init);
  const error = rp.errors.at(-1);
  expect(error).toBeInstanceOf(CallbackError);
  const { status } = error as CallbackError;
  expect(page.status).toBe(status);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(browser.jar.header(rp.url)).toBe(before);
  expect(fixture.idp.requests.filter(({ path }) => path === "/connect/token")).toHaveLength(asked);
  return error as CallbackError;
}

/** Nothing of an answer, of the secret or of a cookie may be told. */
function expectNoSecret(rp: RelyingParty, browser: Browser, callback: URL): void {
  const told = [
    ...rp.log,
    ...rp.errors.map((error) => `${(error as Error).stack}`),
    browser.history.at(-1)?.body,
  ].join();
  const values = [...callback.searchParams.values(), ...(browser.jar.header(rp.url) ?? "").split(/; |=/)];
  for (const value of values.filter((text) => text.length > 20 && !text.startsWith("http"))) {
    expect(told).not.toContain(value);
  }
  expect(told).not.toContain("test-0123456789");
}

const form = { "content-type": "application/x-www-form-urlencoded" };

describe("a callback that is not as it must be", () => {
  it("without state is refused with the way to start again", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const error = await refused(rp, browser, `${rp.url}/signin-oidc?code=abc`);
    expect(error.code).toBe("ERR_OIDC_STATE_MISSING");
    expect(browser.history.at(-1)?.body).toContain('href="/login"');
  });

  it("with an invented state is refused", async () => {
    const rp = await fixture.start();
    expect((await refused(rp, new Browser(), `${rp.url}/signin-oidc?code=abc&state=abc`)).code).toBe(
      "ERR_OIDC_STATE_INVALID",
    );
    const long = "A".repeat(3_000);
    expect((await refused(rp, new Browser(), `${rp.url}/signin-oidc?code=abc&state=${long}`)).code).toBe(
      "ERR_OIDC_STATE_INVALID",
    );
  });

  it("with a state that another secret sealed is refused", async () => {
    const other = await fixture.start({ options: { session: { secret: OLD_SECRET } } });
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${other.url}/login`));
    const error = await refused(rp, browser, `${rp.url}/signin-oidc${callback.search}`);
    expect(error.code).toBe("ERR_OIDC_STATE_INVALID");
    expectNoSecret(rp, browser, callback);
  });

  it("with a state that was changed by one character is refused", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login`));
    const state = callback.searchParams.get("state") ?? "";
    callback.searchParams.set("state", `${state.slice(0, 40)}${state[40] === "A" ? "B" : "A"}${state.slice(41)}`);
    expect((await refused(rp, browser, callback.href)).code).toBe("ERR_OIDC_STATE_INVALID");
  });

  it("in another browser is refused: login CSRF", async () => {
    const rp = await fixture.start();
    const attacker = new Browser();
    const callback = new URL(await attacker.signInUpToCallback(`${rp.url}/login`));
    const victim = new Browser();
    const error = await refused(rp, victim, callback.href);
    expect(error.code).toBe("ERR_OIDC_CORRELATION_FAILED");
    expect(error.message).toContain("did not come back");
    expectNoSecret(rp, victim, callback);
    await victim.request(`${rp.url}/login`);
    expect((await refused(rp, victim, callback.href)).code).toBe("ERR_OIDC_CORRELATION_FAILED");
  });

  it("after the transaction's lifetime is refused", async () => {
    let ahead = 0;
    const rp = await fixture.start({ options: { now: () => Date.now() / 1000 + ahead } });
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    ahead = 901;
    expect((await refused(rp, browser, callback)).code).toBe("ERR_OIDC_STATE_EXPIRED");
  });

  it("that comes a second time goes on to the app while its session is there", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login?returnUrl=/deep`);
    await browser.request(callback);
    const asked = fixture.idp.requests.length;
    const again = await browser.request(callback);
    expect([again.status, again.headers.get("location")]).toEqual([302, "/deep"]);
    expect(fixture.idp.requests).toHaveLength(asked);
  });

  it("that comes a second time without its session is refused", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    await browser.request(callback);
    browser.jar.remove((name) => name === "oidc");
    expect((await refused(rp, browser, callback)).code).toBe("ERR_OIDC_STATE_USED");
  });

  it("with code and error both is refused", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    expect((await refused(rp, browser, `${callback}&error=access_denied`)).code).toBe("ERR_OIDC_CALLBACK_MALFORMED");
  });

  it("with neither code nor error is refused", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login`));
    callback.searchParams.delete("code");
    expect((await refused(rp, browser, callback.href)).code).toBe("ERR_OIDC_CALLBACK_MALFORMED");
  });

  it.each(["state", "code", "iss", "anything"])("with %s given twice is refused", async (name) => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    const error = await refused(rp, browser, `${callback}&${name}=1&${name}=2`);
    expect(error.code).toBe("ERR_OIDC_CALLBACK_MALFORMED");
  });

  it("with the issuer of another provider is refused (RFC 9207)", async () => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login`));
    callback.searchParams.set("iss", "https://evil.example");
    expect((await refused(rp, browser, callback.href)).code).toBe("ERR_OIDC_ISSUER_MISMATCH");
    callback.searchParams.delete("iss");
    expect((await refused(rp, browser, callback.href)).code).toBe("ERR_OIDC_ISSUER_MISMATCH");
  });

  it.each(["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])("by %s is 405", async (method) => {
    const rp = await fixture.start();
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${rp.url}/login`);
    const error = await refused(rp, browser, callback, { method });
    expect([error.code, error.headers]).toEqual(["ERR_OIDC_METHOD_NOT_ALLOWED", { allow: "GET, POST" }]);
  });

  it("with a body of 1 MB is refused without being read", async () => {
    const rp = await fixture.start();
    const body = `state=a&code=${"x".repeat(1_048_576)}`;
    const error = await refused(rp, new Browser(), `${rp.url}/signin-oidc`, { method: "POST", headers: form, body });
    expect([error.code, error.status]).toEqual(["ERR_OIDC_CALLBACK_TOO_LARGE", 413]);
  });

  it("with such a body ends the connection, also where the app answers errors itself", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.use((error: CallbackError, _req: Request, res: Response, _next: NextFunction) => {
          res.status(error.status).send(error.code);
        });
      },
    });
    const body = `state=a&code=${"x".repeat(1_048_576)}`;
    const headers = { ...form, connection: "keep-alive" };
    const page = await new Browser().request(`${rp.url}/signin-oidc`, { method: "POST", headers, body });
    expect([page.status, page.headers.get("connection")]).toEqual([413, "close"]);
  });

  it("with broken percent-encoding is refused, in query and form", async () => {
    const rp = await fixture.start();
    for (const broken of ["code=%", "code=%zz&state=1", "%c=1"]) {
      expect((await refused(rp, new Browser(), `${rp.url}/signin-oidc?${broken}`)).code).toBe(
        "ERR_OIDC_CALLBACK_MALFORMED",
      );
      const init = { method: "POST", headers: form, body: broken };
      expect((await refused(rp, new Browser(), `${rp.url}/signin-oidc`, init)).code).toBe(
        "ERR_OIDC_CALLBACK_MALFORMED",
      );
    }
  });

  it("with a body of another type is refused", async () => {
    const rp = await fixture.start();
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"code":"a","state":"b"}' };
    expect((await refused(rp, new Browser(), `${rp.url}/signin-oidc`, init)).code).toBe("ERR_OIDC_CALLBACK_MALFORMED");
  });

  it("with a parameter named __proto__ pollutes nothing", async () => {
    const rp = await fixture.start();
    await refused(rp, new Browser(), `${rp.url}/signin-oidc?__proto__=polluted&constructor=x&state=a&code=b`);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("leaves the session of who is signed in as it is", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    await refused(rp, browser, `${rp.url}/signin-oidc?error=access_denied&state=forged`);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("alice");
  });

  it("answers a script with a problem, and escapes what it repeats", async () => {
    const rp = await fixture.start();
    const page = await new Browser().fetch(`${rp.url}/signin-oidc?error=<script>alert(1)</script>&state=x`);
    expect(page.headers.get("content-type")).toContain("application/problem+json");
    expect(page.body).not.toContain("<script>");
  });
});
