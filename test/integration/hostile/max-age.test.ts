import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { afterEach, describe, expect, it } from "vitest";
import { CLIENT, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import { Browser } from "../../support/browser.js";
import { startRelyingParty } from "../../support/relying-party.js";

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

/** The outcome of a sign-in whose ID tokens have this auth_time, relative to now where it is a number. */
async function signIn(authTime: unknown, options: AddOpenIdConnectOptions, isAbsolute = false) {
  const provider = await startHostileProvider();
  const time = Math.floor(Date.now() / 1000);
  const value = typeof authTime === "number" && !isAbsolute ? time + authTime : authTime;
  // All times of one moment: a second that passes in between must not decide.
  provider.lie({ claims: (claims) => ({ ...claims, iat: time, exp: time + 300, auth_time: value }) });
  const events: string[] = [];
  const rp = await startRelyingParty(provider, {
    options: {
      ...CLIENT,
      now: () => time,
      getClaimsFromUserInfoEndpoint: true,
      ...options,
      events: {
        onTokenValidated: () => events.push("validated"),
        onAuthenticationFailed: () => events.push("authenticationFailed"),
        onRemoteFailure: () => events.push("remoteFailure"),
      },
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
      app.get("/fresh", (req, _res, next) => void req.oidc.challenge({ maxAge: 10, returnUrl: "/who" }, next));
    },
  });
  running.push(provider, rp);
  const browser = new Browser();
  const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  return { isSignedIn: page.body === "alice", events, provider, rp, browser };
}

describe("max_age", () => {
  it.each([
    [300, 60, -360, true],
    [300, 60, -361, false],
    [300, 60, 60, true],
    [300, 60, 61, false],
    [300, 300, -600, true],
    [300, 300, -601, false],
    [300, 300, 300, true],
    [300, 300, 301, false],
    [0, 0, 0, true],
    [0, 0, -1, false],
  ])(
    "of %i s with a tolerance of %i s and a login %i s from now: signed in is %s",
    async (maxAge, clockTolerance, age, expected) => {
      const { isSignedIn } = await signIn(age, { maxAge, tokenValidation: { clockTolerance } });
      expect(isSignedIn).toBe(expected);
    },
  );

  it.each([[null], ["text"], [1.5], [-5], [1e300], [true], [{}]])("refuses %j as auth_time", async (authTime) => {
    expect((await signIn(authTime, { maxAge: 300 }, true)).isSignedIn).toBe(false);
  });

  it("refuses a login without auth_time, and needs none where it was not sent", async () => {
    expect((await signIn(undefined, { maxAge: 300 })).isSignedIn).toBe(false);
    expect((await signIn(undefined, {})).isSignedIn).toBe(true);
    expect((await signIn(-100_000, {})).isSignedIn).toBe(true);
  });

  it("holds each token of every flow to it", async () => {
    for (const responseType of ["code", "id_token", "code id_token"] as const) {
      expect(
        (await signIn(-1_000, { maxAge: 300, responseType, getClaimsFromUserInfoEndpoint: false })).isSignedIn,
      ).toBe(false);
      expect((await signIn(-100, { maxAge: 300, responseType, getClaimsFromUserInfoEndpoint: false })).isSignedIn).toBe(
        true,
      );
    }
  });

  it("that fails stops before userinfo and session, and runs the events of failure", async () => {
    const { isSignedIn, events, provider } = await signIn(-1_000, { maxAge: 300 });
    expect(isSignedIn).toBe(false);
    expect(events).toEqual(["authenticationFailed", "remoteFailure"]);
    expect(provider.asked).not.toContain("/userinfo");
  });

  it("of one challenge is held to that challenge alone, in tabs side by side", async () => {
    const { rp, browser } = await signIn(-120, { tokenValidation: { clockTolerance: 0 } });
    const stopAt = (url: string) => url.includes("/signin-oidc");
    const strict = await browser.open(`${rp.url}/fresh`, {}, stopAt);
    const plain = await browser.open(`${rp.url}/login?returnUrl=/who`, {}, stopAt);
    expect((await browser.open(plain.url)).body).toBe("alice");
    expect((await browser.request(strict.url)).status).toBe(400);
  });

  it("set by an event is what counts", async () => {
    const { isSignedIn } = await signIn(-1_000, {});
    expect(isSignedIn).toBe(true);
    const provider = await startHostileProvider();
    const time = Math.floor(Date.now() / 1000);
    provider.lie({ claims: (claims) => ({ ...claims, auth_time: time - 1_000 }) });
    const rp = await startRelyingParty(provider, {
      options: {
        ...CLIENT,
        events: {
          onRedirectToIdentityProvider: (ctx) => {
            ctx.parameters["max_age"] = "300";
          },
        },
      },
    });
    running.push(provider, rp);
    await new Browser().signIn(`${rp.url}/login`);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
  });
});
