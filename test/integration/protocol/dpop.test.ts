import { createHash } from "node:crypto";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { OLD_SECRET, type RelyingPartySettings, SECRET } from "../../support/relying-party.js";
import { claimsOf } from "../../support/token-forge.js";

const fixture = useTestIdp();
const strict = useTestIdp({
  extra: { features: { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1), requireNonce: () => true } } },
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.json({ sub: req.user?.sub, type: req.user && req.oidc.getToken("token_type") }));
  app.get("/userinfo", (req, res, next) => req.oidc.fetchUserInfo().then((claims) => res.json(claims), next));
};

interface Proof {
  readonly path: string;
  readonly authorization: string | null;
  readonly claims: Record<string, unknown>;
  readonly jwk: Record<string, string>;
}

function recorder() {
  const proofs: Proof[] = [];
  const record: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    const proof = headers.get("dpop");
    if (proof !== null) {
      const { jwk } = JSON.parse(Buffer.from(proof.split(".")[0] ?? "", "base64url").toString()) as Pick<Proof, "jwk">;
      const path = new URL(String(input)).pathname;
      proofs.push({ path, authorization: headers.get("authorization"), claims: claimsOf(proof), jwk });
    }
    return fetch(input, init);
  };
  return { proofs, fetch: record };
}

const on = (more: AddOpenIdConnectOptions = {}): AddOpenIdConnectOptions => ({
  dPoP: true,
  saveTokens: true,
  getClaimsFromUserInfoEndpoint: true,
  ...more,
});
const thumbprint = ({ crv, kty, x, y }: Record<string, string> = {}) =>
  createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");

describe("dPoP", () => {
  it("binds code and tokens to one key of the sign-in, at the token endpoint and at userinfo", async () => {
    const { proofs, fetch } = recorder();
    const rp = await fixture.start({ options: on({ fetch }), routes });
    const browser = new Browser();
    const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice", type: "dpop" });
    const asked = browser.history
      .map(({ url }) => new URL(url))
      .find(({ pathname }) => pathname === "/connect/authorize");
    expect(proofs.map(({ path }) => path)).toEqual(["/connect/token", "/connect/userinfo"]);
    expect(asked?.searchParams.get("dpop_jkt")).toBe(thumbprint(proofs[0]?.jwk));
    expect(proofs[1]?.jwk).toEqual(proofs[0]?.jwk);
    expect(Object.keys(proofs[0]?.jwk ?? {}).sort()).toEqual(["crv", "kty", "x", "y"]);
    expect(proofs[0]?.claims).toMatchObject({ htm: "POST", htu: `${fixture.idp.issuer}/connect/token` });
    expect(proofs[1]?.authorization).toMatch(/^DPoP /);
    expect(proofs[1]?.claims["ath"]).toEqual(expect.any(String));
  });

  it("keeps the key with the tokens of the session, and gives each session its own", async () => {
    const { proofs, fetch } = recorder();
    const rp = await fixture.start({ options: on({ fetch, getClaimsFromUserInfoEndpoint: false }), routes });
    const [one, two] = [new Browser(), new Browser()];
    await one.signIn(`${rp.url}/login?returnUrl=/who`);
    await two.signIn(`${rp.url}/login?returnUrl=/who`, { username: "bob" });
    expect(JSON.parse((await one.request(`${rp.url}/userinfo`)).body)).toMatchObject({ sub: "alice" });
    const [first, second, later] = proofs;
    expect(later?.path).toBe("/connect/userinfo");
    expect(later?.jwk).toEqual(first?.jwk);
    expect(second?.jwk).not.toEqual(first?.jwk);
  });

  it("finds the key on another node, and after the secret was rotated", async () => {
    const start = await fixture.start({ options: on({ session: { secret: OLD_SECRET } }), routes });
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${start.url}/login?returnUrl=/who`);
    const node = await fixture.start({
      options: on({ session: { secret: [SECRET, OLD_SECRET] }, baseUrl: start.url }),
      routes,
    });
    const page = await browser.open(callback.replace(start.url, node.url));
    expect(JSON.parse(page.body)).toEqual({ sub: "alice", type: "dpop" });
  });

  it("repeats a request with the nonce that the provider asks for, once for each endpoint", async () => {
    const { proofs, fetch } = recorder();
    const rp = await strict.start({ options: on({ fetch }), routes });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice", type: "dpop" });
    const atToken = proofs.filter(({ path }) => path === "/connect/token");
    expect(atToken.map(({ claims }) => typeof claims["nonce"])).toEqual(["undefined", "string"]);
  });

  it("repeats a request of userinfo, too, later in the session", async () => {
    const { proofs, fetch } = recorder();
    const rp = await strict.start({ options: on({ fetch, getClaimsFromUserInfoEndpoint: false }), routes });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse((await browser.request(`${rp.url}/userinfo`)).body)).toMatchObject({ sub: "alice" });
    const atUserInfo = proofs.filter(({ path }) => path === "/connect/userinfo");
    expect(atUserInfo.map(({ claims }) => typeof claims["nonce"])).toEqual(["undefined", "string"]);
  });

  it("does not repeat for ever where the provider always wants another nonce", async () => {
    let asked = 0;
    const rp = await fixture.start({
      options: on({
        fetch: async (input, init) => {
          if (!String(input).endsWith("/connect/token")) return fetch(input, init);
          asked++;
          return Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": `n${asked}` } });
        },
      }),
      routes,
    });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect([page.status, asked]).toEqual([502, 2]);
  });

  it("refuses a token that is not bound to the key", async () => {
    const rp = await fixture.start({
      options: on({
        fetch: (input, init) => {
          const headers = new Headers(init?.headers);
          headers.delete("dpop");
          return fetch(input, { ...init, headers });
        },
      }),
      routes,
    });
    const browser = new Browser();
    // A provider that knows nothing of DPoP ignores dpop_jkt as well.
    const start = await browser.request(`${rp.url}/login?returnUrl=/who`);
    const url = new URL(start.headers.get("location") ?? "");
    url.searchParams.delete("dpop_jkt");
    const page = await browser.signIn(url.href);
    expect(page.status).toBe(502);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_DPOP_REJECTED" });
  });

  it("off sends no proof, and keeps no key", async () => {
    const { proofs, fetch } = recorder();
    const rp = await fixture.start({ options: { saveTokens: true, fetch }, routes });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice", type: "bearer" });
    expect(proofs).toEqual([]);
  });
});
