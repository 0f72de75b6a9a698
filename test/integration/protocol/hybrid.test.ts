import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type PostedAnswer, post, postedAnswer } from "../../support/posted-answer.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) =>
    res.json({ sub: req.user?.sub, access: req.user && req.oidc.getToken("access_token") }),
  );
};

type Options = NonNullable<RelyingPartySettings["options"]>;

const hash = (value: string, name = "sha256") => {
  const digest = createHash(name).update(value).digest();
  return digest.subarray(0, digest.length / 2).toString("base64url");
};
const tokenCalls = () => fixture.idp.requests.filter(({ path }) => path === "/connect/token").length;

/** Runs a login up to the answer, changes that, and posts it. */
async function answerWith(
  options: Options,
  change: (fields: Record<string, string>, claims: Record<string, unknown>) => Record<string, string>,
): Promise<{ readonly rp: RelyingParty; readonly status: number; readonly calls: number }> {
  const rp = await fixture.start({ options, routes });
  const browser = new Browser();
  const { action, fields }: PostedAnswer = await postedAnswer(browser, `${rp.url}/login?returnUrl=/who`);
  const before = tokenCalls();
  const page = await post(browser, action, change({ ...fields }, claimsOf(fields["id_token"])));
  return { rp, status: page.status, calls: tokenCalls() - before };
}

describe('responseType "code id_token"', () => {
  it("signs in, with PKCE, nonce and form_post, and gets its tokens with the code", async () => {
    const rp = await fixture.start({ options: { responseType: "code id_token", saveTokens: true }, routes });
    const browser = new Browser();
    const start = await browser.request(`${rp.url}/login?returnUrl=/who`);
    const { searchParams } = new URL(start.headers.get("location") ?? "");
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: "code id_token",
      response_mode: "form_post",
      code_challenge_method: "S256",
      nonce: expect.any(String),
    });
    const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice", access: expect.any(String) });
  });

  it("takes a token of the forge like one of the provider's, so that what follows is refused for its claims", async () => {
    const forge = createTokenForge(fixture.idp);
    const { status, calls } = await answerWith(
      { responseType: "code id_token", fetch: forge.fetch() },
      (fields, claims) => ({ ...fields, id_token: forge.sign(claims) }),
    );
    expect([status, calls]).toEqual([303, 1]);
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ["without c_hash", ({ c_hash: _, ...claims }) => claims],
    ["with the c_hash of another code", (claims) => ({ ...claims, c_hash: hash("other") })],
    ["with the s_hash of another state", (claims) => ({ ...claims, s_hash: hash("other") })],
    ["with another nonce", (claims) => ({ ...claims, nonce: "other" })],
    ["without nonce", ({ nonce: _, ...claims }) => claims],
    ["of another issuer", (claims) => ({ ...claims, iss: "https://evil.example" })],
    ["for another client", (claims) => ({ ...claims, aud: "other" })],
    ["that has expired", (claims) => ({ ...claims, exp: 1 })],
    ["without sub", ({ sub: _, ...claims }) => claims],
  ])("refuses a token %s, before the code is redeemed", async (_name, change) => {
    const forge = createTokenForge(fixture.idp);
    const { rp, status, calls } = await answerWith(
      { responseType: "code id_token", fetch: forge.fetch() },
      (fields, claims) => ({ ...fields, id_token: forge.sign(change(claims)) }),
    );
    expect([status, calls]).toEqual([400, 0]);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });

  it("refuses a token with a foreign signature, before the code is redeemed", async () => {
    const forge = createTokenForge(fixture.idp);
    const { rp, status, calls } = await answerWith({ responseType: "code id_token" }, (fields, claims) => ({
      ...fields,
      id_token: forge.sign(claims),
    }));
    expect([status, calls]).toEqual([400, 0]);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });

  it.each(["none", "HS256"])("refuses a token with alg %s", async (alg) => {
    const forge = createTokenForge(fixture.idp);
    const { status, calls } = await answerWith(
      { responseType: "code id_token", fetch: forge.fetch() },
      (fields, claims) => ({ ...fields, id_token: forge.sign(claims, { alg }) }),
    );
    expect([status, calls]).toEqual([400, 0]);
  });

  it("refuses a token older than maxAge, before the code is redeemed", async () => {
    const forge = createTokenForge(fixture.idp);
    const { status, calls } = await answerWith(
      { responseType: "code id_token", maxAge: 300, fetch: forge.fetch() },
      (fields, claims) => ({
        ...fields,
        id_token: forge.sign({ ...claims, auth_time: Math.floor(Date.now() / 1000) - 400 }),
      }),
    );
    expect([status, calls]).toEqual([400, 0]);
  });

  it.each<[string, (fields: Record<string, string>) => Record<string, string>]>([
    ["without code", ({ code: _, ...fields }) => fields],
    ["without id_token", ({ id_token: _, ...fields }) => ({ ...fields, iss: fixture.idp.issuer })],
    ["with an access token", (fields) => ({ ...fields, access_token: "x" })],
  ])("refuses an answer %s", async (_name, change) => {
    const { rp, status, calls } = await answerWith({ responseType: "code id_token" }, change);
    expect([status, calls]).toEqual([400, 0]);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CALLBACK_MALFORMED" });
  });

  it("refuses tokens in the query", async () => {
    const rp = await fixture.start({ options: { responseType: "code id_token" }, routes });
    const browser = new Browser();
    const { action, fields } = await postedAnswer(browser, `${rp.url}/login?returnUrl=/who`);
    const page = await browser.request(`${action}?${new URLSearchParams(fields)}`);
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CALLBACK_MALFORMED" });
  });

  it.each(["sub", "iss"])("refuses a token endpoint whose ID token has another %s", async (name) => {
    const forge = createTokenForge(fixture.idp);
    const other = name === "sub" ? "bob" : "https://other.example";
    const answer = async (url: string, init: RequestInit) => {
      if (!url.endsWith("/connect/token")) return undefined;
      const body = (await (await fetch(url, init)).json()) as Record<string, string>;
      return Response.json({
        ...body,
        id_token: forge.sign({ ...claimsOf(body["id_token"]), at_hash: undefined, [name]: other }),
      });
    };
    const { rp, status, calls } = await answerWith(
      {
        responseType: "code id_token",
        fetch: forge.fetch(answer),
        tokenValidation: { validIssuers: ["https://other.example"] },
      },
      (fields) => fields,
    );
    expect([status, calls]).toEqual([400, 1]);
    expect(rp.errors[0]).toMatchObject({
      code: "ERR_OIDC_ID_TOKEN_INVALID",
      message: expect.stringContaining("another user"),
    });
  });

  it("raises onTokenValidated with the first token, and its skip keeps the code unspent", async () => {
    const seen: string[] = [];
    const { status, calls } = await answerWith(
      {
        responseType: "code id_token",
        events: {
          onTokenValidated: (ctx) => {
            seen.push(`validated ${String(ctx.claims?.["sub"])}`);
            ctx.skip();
          },
          onAuthorizationCodeReceived: () => void seen.push("code"),
        },
      },
      (fields) => fields,
    );
    expect(seen).toEqual(["validated alice"]);
    expect([status, calls]).toEqual([404, 0]);
  });

  it("keeps what onTokenValidated made of the claims", async () => {
    const rp = await fixture.start({
      options: {
        responseType: "code id_token",
        events: {
          onTokenValidated: (ctx) => {
            const { name: _name, ...claims } = ctx.claims ?? {};
            ctx.claims = { ...claims, added: true };
          },
        },
      },
      routes: (app) => app.get("/claims", (req, res) => res.json(req.user?.claims)),
    });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/claims`);
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice", added: true });
    expect(JSON.parse(page.body)).not.toHaveProperty("name");
  });
});

describe('responseType "id_token"', () => {
  it("signs in by form_post with the token alone", async () => {
    const rp = await fixture.start({ options: { responseType: "id_token", saveTokens: true }, routes });
    const before = tokenCalls();
    const browser = new Browser();
    const start = await browser.request(`${rp.url}/login?returnUrl=/who`);
    const { searchParams } = new URL(start.headers.get("location") ?? "");
    expect(searchParams.get("response_mode")).toBe("form_post");
    expect(searchParams.has("code_challenge")).toBe(false);
    const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice" });
    expect(tokenCalls()).toBe(before);
  });

  it.each<[string, (claims: Record<string, unknown>) => Record<string, unknown>]>([
    ["with another nonce", (claims) => ({ ...claims, nonce: "other" })],
    ["for another client", (claims) => ({ ...claims, aud: "other" })],
    ["that has expired", (claims) => ({ ...claims, exp: 1 })],
  ])("refuses a token %s", async (_name, change) => {
    const forge = createTokenForge(fixture.idp);
    const { rp, status } = await answerWith({ responseType: "id_token", fetch: forge.fetch() }, (fields, claims) => ({
      ...fields,
      id_token: forge.sign(change(claims)),
    }));
    expect(status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });

  it("refuses an answer with a code", async () => {
    const { rp, status } = await answerWith({ responseType: "id_token" }, (fields) => ({ ...fields, code: "x" }));
    expect(status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CALLBACK_MALFORMED" });
  });
});
