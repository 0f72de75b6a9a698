import type {
  OpenIdConnectEvents,
  TokenRefreshedContext,
  TokenRefreshFailedContext,
  TokenRefreshingContext,
} from "add-openid-connect";
import { beforeEach, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { createClock, isRefresh, refreshes, signedIn, startWithTokens } from "./relying-party-with-tokens.js";

const fixture = useTestIdp({ lifetimes: { accessToken: 300 } });
const clock = createClock();
beforeEach(() => {
  clock.ahead = 0;
});
const start = (events: OpenIdConnectEvents, options: RelyingPartySettings["options"] = {}) =>
  startWithTokens(fixture, clock, { options: { ...options, events } });
const page = (browser: Browser, url: string) => browser.fetch(url).then(({ status, body }) => ({ status, body }));

const refuses: typeof fetch = async (url, init) =>
  isRefresh(init) ? Response.json({ error: "invalid_grant" }, { status: 400 }) : fetch(url, init);

describe("onTokenRefreshing", () => {
  it("is told once for all who wait, with the user and what the token is for", async () => {
    const told: TokenRefreshingContext[] = [];
    const rp = await start({ onTokenRefreshing: (context) => told.push(context) });
    const browser = await signedIn(rp);
    clock.ahead = 290;
    await Promise.all(Array.from({ length: 10 }, () => page(new Browser(browser.jar.clone()), `${rp.url}/token`)));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ scheme: "oidc", resource: undefined, scope: undefined });
    expect([told[0]?.claims["sub"], told[0]?.req.url]).toEqual(["alice", "/token"]);
    await page(browser, `${rp.url}/token?resource=urn:api1`);
    expect(told[1]?.resource).toBe("urn:api1");
  });

  it("that skips keeps the old token while it lives; then there is none, and the session stays", async () => {
    const rp = await start({ onTokenRefreshing: (context) => context.skip() });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 260;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(200);
    clock.ahead = 310;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(401);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_REFRESH_FAILED" });
    expect((await page(browser, `${rp.url}/who`)).body).toContain("alice");
    expect(refreshes(fixture.idp)).toBe(before);
  });

  it("that fails is what all who wait are told, and the provider is not asked", async () => {
    const cause = new Error("not today");
    const rp = await start({ onTokenRefreshing: (context) => context.fail(cause) });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 260;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(401);
    expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_REFRESH_FAILED", cause });
    expect(refreshes(fixture.idp)).toBe(before);
    expect((await page(browser, `${rp.url}/who`)).body).toContain("alice");
  });

  it("that has tokens of its own replaces the refresh", async () => {
    const tokens = () => ({ accessToken: `own-${clock.ahead}`, expiresAtSeconds: clock.now() + 200 });
    const rp = await start({
      onTokenRefreshing: (context) => {
        context.tokens = tokens();
      },
    });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    for (const ahead of [290, 590]) {
      clock.ahead = ahead;
      const expected = { status: 200, body: `own-${ahead}` };
      expect(await page(browser, `${rp.url}/token`)).toEqual(expected);
      expect(await page(browser, `${rp.url}/token`)).toEqual(expected);
    }
    expect(refreshes(fixture.idp)).toBe(before);
  });
});

describe("onTokenRefreshing with tokens whose end is no time", () => {
  it.each([Number.NaN, 1e300, null, "2030-01-01", new Date()])("(%s) is an error of the app's", async (end) => {
    const rp = await start({
      onTokenRefreshing: (context) => {
        context.tokens = { accessToken: "own", expiresAtSeconds: end as number };
      },
    });
    const browser = await signedIn(rp);
    clock.ahead = 290;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(500);
    expect(rp.errors.at(-1)).toMatchObject({ message: expect.stringContaining("expiresAtSeconds") });
  });
});

describe("onTokenRefreshed", () => {
  it("is given the new tokens, and what it makes of the claims is the user from now on", async () => {
    const told: TokenRefreshedContext[] = [];
    const rp = await start({
      onTokenRefreshed: (context) => {
        told.push(context);
        context.claims = { ...context.claims, level: told.length };
      },
    });
    const browser = await signedIn(rp);
    clock.ahead = 290;
    const { body } = await page(browser, `${rp.url}/token`);
    expect(told[0]).toMatchObject({ tokens: { accessToken: body }, idTokenClaims: { sub: "alice" } });
    expect(JSON.parse((await page(browser, `${rp.url}/who`)).body).claims).toMatchObject({ sub: "alice", level: 1 });
  });

  it.each<[string, (context: TokenRefreshedContext) => void]>([
    [
      "throws",
      () => {
        throw new Error("the app's database is away");
      },
    ],
    [
      "makes another user of it",
      (context) => {
        context.claims = { ...context.claims, sub: "bob" };
      },
    ],
  ])("that %s is an error of that request; the tokens are kept, and the user", async (_name, onTokenRefreshed) => {
    const rp = await start({ onTokenRefreshed });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 290;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(500);
    expect((await page(browser, `${rp.url}/token`)).status).toBe(200);
    expect(JSON.parse((await page(browser, `${rp.url}/who`)).body).sub).toBe("alice");
    expect(refreshes(fixture.idp)).toBe(before + 1);
  });
});

describe("onTokenRefreshFailed", () => {
  it.each(["signOut", "keep"] as const)(
    "is told of a refusal, and whether it ends the session (%s)",
    async (choice) => {
      const told: TokenRefreshFailedContext[] = [];
      const onTokenRefreshFailed = (context: TokenRefreshFailedContext) => told.push(context);
      const rp = await start({ onTokenRefreshFailed }, { refresh: { onInvalidGrant: choice }, fetch: refuses });
      const browser = await signedIn(rp);
      clock.ahead = 310;
      expect((await page(browser, `${rp.url}/token`)).status).toBe(401);
      expect(told).toHaveLength(1);
      expect(told[0]).toMatchObject({
        endsSession: choice === "signOut",
        error: { code: "ERR_OIDC_REFRESH_REJECTED" },
        claims: { sub: "alice" },
      });
    },
  );

  it("is told of an outage, and what it throws hides nothing", async () => {
    const told: Error[] = [];
    const rp = await start(
      {
        onTokenRefreshFailed: ({ error, endsSession }) => {
          told.push(error);
          throw new Error(`of the handler, ${endsSession}`);
        },
      },
      { fetch: async (url, init) => (isRefresh(init) ? new Response("", { status: 500 }) : fetch(url, init)) },
    );
    const browser = await signedIn(rp);
    clock.ahead = 310;
    expect((await page(browser, `${rp.url}/token`)).status).toBe(502);
    expect(told).toMatchObject([{ code: "ERR_OIDC_PROVIDER_RESPONSE" }]);
    expect(rp.errors.at(-1)).toBe(told[0]);
    expect(rp.log.some((line) => line.includes("event_handler_failed"))).toBe(true);
  });
});
