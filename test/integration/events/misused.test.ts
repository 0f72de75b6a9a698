import { type AddOpenIdConnectOptions, authorize, requireAuth } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { SECRET } from "../../support/relying-party.js";
import { useWarnings } from "../../support/warnings.js";

/*
 * Handlers that do what handlers should not: nobody may get further by it, and the developer is told.
 */
const fixture = useTestIdp();

const warnings = useWarnings();

const start = (options: AddOpenIdConnectOptions, predicate: () => boolean | Promise<boolean> = () => true) =>
  fixture.start({
    options,
    routes: (app) => {
      app.get("/guarded", requireAuth(), (_req, res) => res.send("guarded"));
      app.get("/decided", authorize(predicate), (_req, res) => res.send("guarded"));
      app.get(/./, (_req, res) => res.send("what comes after"));
    },
  });

/** No errors for Express: the first is nothing to it, the others are words that it takes for orders. */
const NO_ERRORS: readonly unknown[] = [undefined, null, "", "route", "router", 0];

describe("a handler that throws what is no error", () => {
  it.each(["onRedirectToIdentityProvider", "onPushAuthorization"] as const)("in %s opens no guard", async (name) => {
    for (const thrown of NO_ERRORS) {
      const rp = await start({ pushedAuthorization: "auto", events: { [name]: () => Promise.reject(thrown) } });
      const page = await new Browser().request(`${rp.url}/guarded`);
      expect([String(thrown), page.status, page.body.includes("guarded")]).toEqual([String(thrown), 500, false]);
      expect(rp.errors).toEqual([expect.any(Error)]);
    }
  });

  it("in a predicate of authorize() opens no guard", async () => {
    for (const thrown of NO_ERRORS) {
      const rp = await start({}, () => Promise.reject(thrown));
      const browser = new Browser();
      await browser.signIn(`${rp.url}/guarded`);
      const page = await browser.request(`${rp.url}/decided`);
      expect([String(thrown), page.status, page.body.includes("guarded")]).toEqual([String(thrown), 500, false]);
    }
  });

  it("in a sign-out, a session's event or transformUser is an error too", async () => {
    const nothing = () => Promise.reject();
    const out = await start({ events: { onRedirectToIdentityProviderForSignOut: nothing } });
    expect((await new Browser().request(`${out.url}/logout`)).status).toBe(500);
    for (const options of [
      { session: { secret: SECRET, events: { onValidatePrincipal: nothing } } },
      { transformUser: nothing },
    ]) {
      const rp = await start(options);
      const page = await new Browser().signIn(`${rp.url}/guarded`);
      expect([page.status, page.body.includes("guarded")]).toEqual([500, false]);
    }
  });
});

describe("a handler that answers the response, and does not say so", () => {
  it.each([
    "onRedirectToIdentityProvider",
    "onMessageReceived",
    "onAuthorizationCodeReceived",
    "onTokenResponseReceived",
    "onTokenValidated",
    "onUserInformationReceived",
    "onTicketReceived",
  ] as const)("in %s has handled it", async (name) => {
    const rp = await start({
      getClaimsFromUserInfoEndpoint: true,
      events: {
        [name]: (ctx: { res: { writeHead(status: number, headers: object): { end(): void } } }) => {
          ctx.res.writeHead(303, { location: `${rp.url}/elsewhere` }).end();
        },
      },
    });
    const browser = new Browser();
    expect((await browser.signIn(`${rp.url}/guarded`)).body).toBe("what comes after");
    expect(rp.errors).toEqual([]);
    expect(browser.jar.names()).not.toContain("oidc");
  });

  it("in onRemoteFailure has handled it", async () => {
    const rp = await start({ events: { onRemoteFailure: (ctx) => void ctx.res.writeHead(299).end() } });
    expect((await new Browser().request(`${rp.url}/signin-oidc?state=x`)).status).toBe(299);
    expect(rp.errors).toEqual([]);
  });
});

describe("a handler that decides after it has ended", () => {
  it("is warned of, by its name", async () => {
    const rp = await start({
      events: { onTicketReceived: (ctx) => void setImmediate(ctx.fail, "too late") },
      session: { secret: SECRET, events: { onValidatePrincipal: (ctx) => void setImmediate(ctx.reject) } },
    });
    await new Browser().signIn(`${rp.url}/guarded`);
    await expect.poll(() => warnings.join("\n")).toContain("onTicketReceived decided");
    await expect.poll(() => warnings.join("\n")).toContain("onValidatePrincipal decided");
  });
});

it("handlers may be methods of a class, which they are bound to", async () => {
  class Handlers {
    readonly #calls: string[] = [];
    get calls(): readonly string[] {
      return this.#calls;
    }
    onTokenValidated(): void {
      this.#calls.push("validated");
    }
    onSignedIn(): void {
      this.#calls.push("signed in");
    }
  }
  const handlers = new Handlers();
  const rp = await start({ events: handlers, session: { secret: SECRET, events: handlers } });
  await new Browser().signIn(`${rp.url}/guarded`);
  expect(handlers.calls).toEqual(["validated", "signed in"]);
});

describe("what an event puts in place of its own", () => {
  it("is refused where it is no record of parameters", async () => {
    for (const parameters of [null, 5, []]) {
      const replace = (ctx: object) => Object.assign(ctx, { parameters });
      const rp = await start({
        events: { onRedirectToIdentityProvider: replace, onRedirectToIdentityProviderForSignOut: replace },
      });
      await new Browser().request(`${rp.url}/guarded`);
      await new Browser().request(`${rp.url}/logout`);
      const error = expect.objectContaining({ code: "ERR_OIDC_INVALID_CHALLENGE" });
      expect(rp.errors).toEqual([error, error]);
    }
  });

  it("as accessDeniedPath stays in the app, and keeps its query", async () => {
    for (const [accessDeniedPath, expected] of [
      ["https://evil.example", null],
      ["//evil.example", null],
      ["/denied?why=no", "/denied?why=no&returnUrl=%2Fguarded"],
    ]) {
      const rp = await start({ events: { onAccessDenied: (ctx) => Object.assign(ctx, { accessDeniedPath }) } });
      const browser = new Browser();
      const callback = new URL(await browser.signInUpToCallback(`${rp.url}/guarded`));
      callback.searchParams.delete("code");
      callback.searchParams.set("error", "access_denied");
      expect((await browser.request(callback.href)).headers.get("location")).toBe(expected);
    }
  });
});
