import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

/*
 * How far an event reaches: it may say who the user is, and not what the provider has proved.
 */
const fixture = useTestIdp();

async function signIn(options: AddOpenIdConnectOptions): Promise<{
  readonly status: number;
  readonly who: Record<string, unknown>;
  readonly errors: readonly unknown[];
}> {
  const rp = await fixture.start({
    options: { saveTokens: true, ...options },
    routes: (app) => {
      app.get("/who", (req, res) => {
        const tokens = req.user && [req.oidc.getToken("access_token"), req.oidc.getToken("id_token")];
        res.json({ sub: req.user?.sub ?? null, name: req.user?.name, tokens });
      });
    },
  });
  const browser = new Browser();
  const { status } = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  return { status, who: JSON.parse((await browser.request(`${rp.url}/who`)).body), errors: rp.errors };
}

/** Tokens of the provider whose login is so old, signed by a key that it publishes. */
function withLoginOf(secondsAgo: number) {
  const forge = createTokenForge(fixture.idp);
  const fresh = (claims: object, age: number) =>
    forge.sign({ ...claims, at_hash: undefined, auth_time: Math.floor(Date.now() / 1000) - age });
  return {
    fresh: (idToken: unknown) => fresh(claimsOf(String(idToken)), 0),
    fetch: forge.fetch(async (url, init) => {
      if (!url.endsWith("/connect/token")) return undefined;
      const body = (await (await fetch(url, init)).json()) as Record<string, string>;
      return Response.json({ ...body, id_token: fresh(claimsOf(body["id_token"]), secondsAgo) });
    }),
  };
}

describe("a login that is too old", () => {
  it("is refused whatever token an event puts in place of the provider's", async () => {
    const { fetch, fresh } = withLoginOf(1_000);
    const seen: unknown[] = [];
    const { status, who, errors } = await signIn({
      maxAge: 300,
      fetch,
      events: {
        onTokenResponseReceived: (ctx) => {
          seen.push(typeof ctx.tokenResponse["id_token"]);
          Object.assign(ctx.tokenResponse, { id_token: fresh(ctx.tokenResponse["id_token"]) });
        },
        onTokenValidated: () => seen.push("validated"),
      },
    });
    expect(seen).toEqual(["string"]);
    expect([status, who["sub"]]).toEqual([400, null]);
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
  });

  it("of the right age is taken with the same tokens", async () => {
    const { fetch } = withLoginOf(100);
    expect((await signIn({ maxAge: 300, fetch })).who).toMatchObject({ sub: "alice" });
  });
});

describe("an event that accepts a user", () => {
  const accept = (ctx: { claims: unknown; success(): void }) => {
    ctx.claims = { sub: "somebody", name: "Some Body" };
    ctx.success();
  };

  it("is not asked about the answer to another sign-in", async () => {
    const forge = createTokenForge(fixture.idp);
    let nonce: unknown = "of another sign-in";
    const fetchTokens = forge.fetch(async (url, init) => {
      if (!url.endsWith("/connect/token")) return undefined;
      const body = (await (await fetch(url, init)).json()) as Record<string, string>;
      const claims = claimsOf(body["id_token"]);
      return Response.json({ ...body, id_token: forge.sign({ ...claims, nonce: nonce ?? claims["nonce"] }) });
    });
    const options = { fetch: fetchTokens, events: { onTokenResponseReceived: accept } };
    const { status, who, errors } = await signIn(options);
    expect([status, who["sub"]]).toEqual([400, null]);
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
    nonce = undefined;
    expect((await signIn(options)).who["sub"]).toBe("somebody");
  });

  it("once tokens are valid keeps them with the session", async () => {
    for (const options of [
      { events: { onTokenValidated: accept } },
      { getClaimsFromUserInfoEndpoint: true, events: { onUserInformationReceived: accept } },
    ]) {
      const { who } = await signIn(options);
      expect(who).toEqual({
        sub: "somebody",
        name: "Some Body",
        tokens: [expect.any(String), expect.stringMatching(/^ey/)],
      });
    }
  });

  it("before any token is valid keeps none", async () => {
    for (const name of ["onMessageReceived", "onAuthorizationCodeReceived", "onTokenResponseReceived"]) {
      const { who } = await signIn({ events: { [name]: accept } });
      expect(who).toEqual({ sub: "somebody", name: "Some Body", tokens: [null, null] });
    }
  });
});

describe("onTicketReceived", () => {
  it("changes the claims, which claimActions then see", async () => {
    const { who } = await signIn({
      claimActions: (actions) => actions.mapCustomJson("greeting", ({ name }) => `Hello ${name}`),
      events: {
        onTicketReceived: (ctx) => {
          ctx.claims = { ...ctx.claims, name: "Changed" };
        },
      },
    });
    expect(who).toMatchObject({ sub: "alice", name: "Changed" });
  });

  it("cannot leave a user without sub", async () => {
    const { who, errors } = await signIn({
      events: {
        onTicketReceived: (ctx) => {
          ctx.claims = { name: "Nobody" };
        },
      },
    });
    expect(who["sub"]).toBe(null);
    expect(errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_INVALID_USER" })]);
  });
});
