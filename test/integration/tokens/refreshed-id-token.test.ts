import { beforeEach, describe, expect, it } from "vitest";
import { useTestIdp } from "../../support/fixture.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";
import { createClock, isRefresh, signedIn, startWithTokens } from "./relying-party-with-tokens.js";

const fixture = useTestIdp({ lifetimes: { accessToken: 300 } });
const clock = createClock();
beforeEach(() => {
  clock.ahead = 0;
});

type Change = (claims: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** What comes of a refresh whose ID token has these claims, signed by a key of the provider (or of a stranger). */
async function refreshWith(change: Change, { isKnown = true, header = {} } = {}) {
  const forge = createTokenForge(fixture.idp);
  const answer = async (_url: string, init: RequestInit): Promise<Response | undefined> => {
    if (!isRefresh(init)) return undefined;
    const body = (await (await fetch(`${fixture.idp.issuer}/connect/token`, init)).json()) as Record<string, string>;
    return Response.json({ ...body, id_token: forge.sign(change(claimsOf(body["id_token"])), header) });
  };
  const strangers: typeof fetch = async (input, init) =>
    (await answer(String(input), init ?? {})) ?? fetch(input, init);
  const rp = await startWithTokens(fixture, clock, {
    // With max_age, and so with auth_time.
    options: { maxAge: 100_000, fetch: isKnown ? forge.fetch(answer) : strangers },
    routes: (app) => {
      app.get("/id-token", (req, res) => res.send(req.oidc.getToken("id_token")));
    },
  });
  const browser = await signedIn(rp);
  const before = (await browser.fetch(`${rp.url}/id-token`)).body;
  const { status } = await browser.fetch(`${rp.url}/token?force=1`);
  const { body } = await browser.fetch(`${rp.url}/id-token`);
  return { rp, status, isKept: status === 200 && body !== before, before: claimsOf(before) };
}

const without = (name: string): Change => {
  return ({ [name]: _, ...claims }) => claims;
};

describe("a new ID token that comes with a refresh", () => {
  it.each<[string, Change]>([
    ["the same claims", (claims) => claims],
    ["no auth_time", without("auth_time")],
    ["no nonce", without("nonce")],
    ["a later iat", (claims) => ({ ...claims, iat: Number(claims["iat"]) + 1 })],
  ])("with %s takes the old one's place", async (_name, change) => {
    const { status, isKept, before } = await refreshWith(change);
    expect([status, isKept, typeof before["auth_time"]]).toEqual([200, true, "number"]);
  });

  // OIDC Core 12.2
  it.each<[string, Change, RegExp]>([
    ["another iss", (claims) => ({ ...claims, iss: "https://other.example" }), /iss|issuer/i],
    ["another sub", (claims) => ({ ...claims, sub: "mallory" }), /\bsub\b/],
    ["no sub", without("sub"), /\bsub\b/],
    ["another aud", (claims) => ({ ...claims, aud: "other_client" }), /aud/],
    ["another azp", (claims) => ({ ...claims, azp: "other_client" }), /azp/],
    ["another auth_time", (claims) => ({ ...claims, auth_time: Number(claims["auth_time"]) - 60 }), /auth_time/],
    ["an exp that has passed", (claims) => ({ ...claims, exp: 1 }), /exp/],
    ["an iat in the future", (claims) => ({ ...claims, iat: Number(claims["iat"]) + 200_000 }), /iat/],
    ["an at_hash of another access token", (claims) => ({ ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }), /at_hash/],
  ])("with %s is refused, and no token of that answer is used", async (_name, change, message) => {
    const { rp, status } = await refreshWith(change);
    expect(status).toBe(401);
    expect(rp.errors[0]).toMatchObject({
      code: "ERR_OIDC_REFRESH_REJECTED",
      message: expect.stringMatching(message),
    });
  });

  it.each<[string, Parameters<typeof refreshWith>[1]]>([
    ["with a stranger's key", { isKnown: false }],
    ["with no key", { header: { alg: "none" } }],
  ])("signed %s is refused", async (_name, settings) => {
    const { rp, status } = await refreshWith((claims) => claims, settings);
    expect(status).toBe(401);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_REFRESH_REJECTED" });
  });
});
