import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
};

interface Pushed {
  readonly headers: Headers;
  readonly body: URLSearchParams;
}

/** A provider whose metadata, and whose answer to a pushed request, are changed on the way. */
function changed(
  metadata: Readonly<Record<string, unknown>> = {},
  answer?: () => Response,
): { readonly pushed: Pushed[]; readonly fetch: typeof fetch } {
  const pushed: Pushed[] = [];
  return {
    pushed,
    fetch: async (input, init) => {
      const url = String(input);
      if (url.endsWith("/connect/par")) {
        pushed.push({ headers: new Headers(init?.headers), body: new URLSearchParams(String(init?.body)) });
        if (answer !== undefined) return answer();
      }
      const response = await fetch(input, init);
      if (!url.endsWith("/openid-configuration")) return response;
      return Response.json({ ...((await response.json()) as object), ...metadata });
    },
  };
}

async function challenge(options: AddOpenIdConnectOptions) {
  const rp = await fixture.start({ options: { pushedAuthorization: "auto", ...options }, routes });
  const page = await new Browser().request(`${rp.url}/login?returnUrl=/who`);
  const location = page.headers.get("location");
  return { rp, page, query: location === null ? {} : Object.fromEntries(new URL(location).searchParams) };
}

const refused = (status: number, error: string) => () => Response.json({ error }, { status });

describe("a pushed authorization request", () => {
  it("leaves client_id and request_uri alone in the redirect, and signs in", async () => {
    const { pushed, fetch } = changed();
    const { query } = await challenge({ fetch, additionalAuthorizationParameters: { extra: "a b" } });
    expect(Object.keys(query).sort()).toEqual(["client_id", "request_uri"]);
    expect(Object.fromEntries(pushed[0]?.body ?? [])).toMatchObject({
      client_id: "pkce_client",
      response_type: "code",
      code_challenge_method: "S256",
      extra: "a b",
    });
    expect(pushed[0]?.headers.get("authorization")).toMatch(/^Basic /);
    const rp = await fixture.start({ options: { pushedAuthorization: "auto" }, routes });
    expect((await new Browser().signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  });

  it.each([
    [200, { request_uri: "urn:x", expires_in: 60 }],
    [201, { request_uri: "urn:x" }],
  ])("that is kept is kept: %i %j", async (status, body) => {
    const { query } = await challenge({ fetch: changed({}, () => Response.json(body, { status })).fetch });
    expect(query).toEqual({ client_id: "pkce_client", request_uri: "urn:x" });
  });

  it("is not sent where the provider has no endpoint for it", async () => {
    const { query } = await challenge({ fetch: changed({ pushed_authorization_request_endpoint: undefined }).fetch });
    expect(query).toMatchObject({ response_type: "code" });
  });

  it.each<[string, AddOpenIdConnectOptions["pushedAuthorization"], Record<string, unknown>]>([
    ['"require" without endpoint', "require", { pushed_authorization_request_endpoint: undefined }],
    ['"disable" where the provider requires it', "disable", { require_pushed_authorization_requests: true }],
    [
      '"auto" where the provider requires it and has no endpoint',
      "auto",
      { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: undefined },
    ],
  ])("with %s is a configuration error", async (_name, pushedAuthorization, metadata) => {
    const { rp, page } = await challenge({ pushedAuthorization, fetch: changed(metadata).fetch });
    expect(page.status).toBe(500);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_PUSHED_AUTHORIZATION" });
  });

  it.each([
    [404, refused(404, "not_found")],
    [405, () => new Response("<html>", { status: 405 })],
    [400, refused(400, "unauthorized_client")],
    [
      "400, in words",
      () =>
        Response.json(
          { error: "invalid_request", error_description: "Pushed authorization requests are not enabled" },
          { status: 400 },
        ),
    ],
  ])("that the endpoint does not take (%s) goes through the browser, and rests for a while", async (_s, answer) => {
    let ahead = 0;
    const { pushed, fetch } = changed({}, answer);
    const { rp, query } = await challenge({ fetch, now: () => Date.now() / 1000 + ahead });
    expect(query).toMatchObject({ response_type: "code", state: expect.any(String) });
    await new Browser().request(`${rp.url}/login`);
    expect(pushed).toHaveLength(1);
    ahead = 301;
    await new Browser().request(`${rp.url}/login`);
    expect(pushed).toHaveLength(2);
    expect(rp.log.join()).toContain("push_refused");
  });

  it.each<[string, number, () => Response, AddOpenIdConnectOptions, Record<string, unknown>]>([
    ["of an invalid scope", 502, refused(400, "invalid_scope"), {}, {}],
    ["of an invalid request", 502, refused(400, "invalid_request"), {}, {}],
    ["of a wrong secret", 502, refused(401, "invalid_client"), {}, {}],
    ["of a provider in trouble", 502, () => new Response("oops", { status: 500 }), {}, {}],
    [
      "with a challenge",
      502,
      () => new Response(null, { status: 401, headers: { "www-authenticate": "Basic" } }),
      {},
      {},
    ],
    [
      "of a missing endpoint, though required by the options",
      502,
      refused(404, "x"),
      { pushedAuthorization: "require" },
      {},
    ],
    [
      "of a missing endpoint, though required by the provider",
      502,
      refused(404, "x"),
      {},
      { require_pushed_authorization_requests: true },
    ],
    ["without request_uri", 502, () => Response.json({ expires_in: 60 }, { status: 201 }), {}, {}],
  ])("with an answer %s does not fall back", async (_name, status, answer, options, metadata) => {
    const { page, query } = await challenge({ fetch: changed(metadata, answer).fetch, ...options });
    expect([page.status, query]).toEqual([status, {}]);
  });

  it("of a public client that may not push goes through the browser", async () => {
    const { fetch } = changed({}, refused(401, "invalid_client"));
    const { query } = await challenge({ fetch, clientId: "public_client", clientSecret: undefined });
    expect(query).toMatchObject({ response_type: "code" });
  });
});

describe("onPushAuthorization", () => {
  type Handler = NonNullable<NonNullable<AddOpenIdConnectOptions["events"]>["onPushAuthorization"]>;
  const withEvent = (onPushAuthorization: Handler, options: AddOpenIdConnectOptions = {}) => {
    const { pushed, fetch } = changed();
    return challenge({ fetch, events: { onPushAuthorization }, ...options }).then((result) => ({ ...result, pushed }));
  };

  it("may change what is pushed", async () => {
    const { pushed } = await withEvent((ctx) => {
      ctx.parameters["ui_locales"] = "de";
    });
    expect(pushed[0]?.body.get("ui_locales")).toBe("de");
  });

  it("that skips sends the request through the browser, unchanged by it", async () => {
    const { pushed, query } = await withEvent((ctx) => {
      ctx.parameters["max_age"] = "1";
      ctx.skipPush();
    });
    expect(pushed).toHaveLength(0);
    expect(query).toMatchObject({ response_type: "code" });
    expect(query).not.toHaveProperty("max_age");
  });

  it("that has pushed itself gives its request_uri, and nothing is posted", async () => {
    const { pushed, query } = await withEvent((ctx) => ctx.handlePush("urn:own"));
    expect(pushed).toHaveLength(0);
    expect(query).toEqual({ client_id: "pkce_client", request_uri: "urn:own" });
  });

  it("that owns the client's authentication has no secret sent beside its own", async () => {
    const { pushed } = await withEvent((ctx) => {
      ctx.parameters["client_assertion"] = "own";
      ctx.handleClientAuthentication();
    });
    expect(pushed[0]?.headers.has("authorization")).toBe(false);
    expect(Object.fromEntries(pushed[0]?.body ?? [])).toMatchObject({
      client_id: "pkce_client",
      client_assertion: "own",
    });
    expect(pushed[0]?.body.has("client_secret")).toBe(false);
  });

  it.each<[string, Handler]>([
    ["handlePush and skipPush", (ctx) => [ctx.handlePush("urn:own"), ctx.skipPush()]],
    ["skipPush and handlePush", (ctx) => [ctx.skipPush(), ctx.handlePush("urn:own")]],
    [
      "handlePush and handleClientAuthentication",
      (ctx) => [ctx.handlePush("urn:own"), ctx.handleClientAuthentication()],
    ],
    ["handleClientAuthentication and skipPush", (ctx) => [ctx.handleClientAuthentication(), ctx.skipPush()]],
    ["handlePush without a request_uri", (ctx) => ctx.handlePush("")],
    ["another max_age", (ctx) => Object.assign(ctx.parameters, { max_age: "1" })],
    ["another acr_values", (ctx) => Object.assign(ctx.parameters, { acr_values: "mfa" })],
  ])("with %s is an error", async (_name, handler) => {
    const { rp, page, pushed } = await withEvent(handler);
    expect([page.status, pushed.length]).toEqual([500, 0]);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_PUSHED_AUTHORIZATION" });
  });

  it("cannot skip where pushing is required", async () => {
    const { rp } = await withEvent((ctx) => ctx.skipPush(), { pushedAuthorization: "require" });
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_PUSHED_AUTHORIZATION" });
  });
});
