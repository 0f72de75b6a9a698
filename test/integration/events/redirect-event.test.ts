import type { AddOpenIdConnectOptions, RedirectContext } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser, formOf, type Page } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

const fixture = useTestIdp();

/** The answer to a challenge whose event does this. */
async function challenged(
  onRedirectToIdentityProvider: (ctx: RedirectContext) => unknown,
  options: AddOpenIdConnectOptions = {},
): Promise<{ readonly page: Page; readonly rp: RelyingParty; readonly browser: Browser }> {
  const rp = await fixture.start({
    options: { ...options, events: { ...options.events, onRedirectToIdentityProvider } },
    routes: (app) => {
      app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
      app.get("/stated", (req, _res, next) => void req.oidc.challenge({ state: "given", returnUrl: "/who" }, next));
    },
  });
  const browser = new Browser();
  return { page: await browser.request(`${rp.url}/login?returnUrl=/who`), rp, browser };
}

const query = (page: Page) => Object.fromEntries(new URL(page.headers.get("location") ?? "").searchParams);

/** Answers tokens whose auth_time is this many seconds ago, or that have none. */
function withLoginOf(secondsAgo: number | undefined): typeof fetch {
  const forge = createTokenForge(fixture.idp);
  return forge.fetch(async (url, init) => {
    if (!url.endsWith("/connect/token")) return undefined;
    const body = (await (await fetch(url, init)).json()) as Record<string, string>;
    const { auth_time: _, at_hash: __, ...claims } = claimsOf(body["id_token"]);
    const authTime = secondsAgo === undefined ? {} : { auth_time: Math.floor(Date.now() / 1000) - secondsAgo };
    return Response.json({ ...body, id_token: forge.sign({ ...claims, ...authTime }) });
  });
}

describe("onRedirectToIdentityProvider", () => {
  it.each<[string, unknown, unknown]>([
    ["a value", { plan: "gold" }, { plan: "gold" }],
    ["nothing", undefined, undefined],
  ])("that sets the state to %s has it carried to the callback's events", async (_name, state, carried) => {
    const seen: unknown[] = [];
    const { rp, browser } = await challenged(
      (ctx) => {
        ctx.properties.state = state as never;
      },
      { events: { onTicketReceived: (ctx) => seen.push(ctx.properties.state) } },
    );
    await browser.signIn(`${rp.url}/stated`);
    expect(seen).toEqual([carried]);
  });

  it("sees what the challenge is about, and may send the user elsewhere afterwards", async () => {
    const seen: unknown[] = [];
    const { rp, browser } = await challenged((ctx) => {
      seen.push(ctx.properties.returnUrl, ctx.scheme, ctx.parameters["client_id"]);
      ctx.properties.returnUrl = "/who?by=event";
    });
    expect(seen).toEqual(["/who", expect.any(String), "pkce_client"]);
    expect((await browser.signIn(`${rp.url}/login?returnUrl=/x`)).url).toBe(`${rp.url}/who?by=event`);
  });

  it("changes the client_id", async () => {
    const { page } = await challenged((ctx) => {
      ctx.parameters["client_id"] = "other";
    });
    expect(query(page)).toMatchObject({ client_id: "other" });
  });

  it("replaces the whole request, its endpoint too; what the answer is checked by stays ours", async () => {
    const { page } = await challenged((ctx) => {
      ctx.authorizationEndpoint = "https://login.example/reset?flow=password";
      ctx.parameters = { client_id: "own", response_type: "code", nonce: "own", state: "own", code_challenge: "own" };
    });
    const location = new URL(page.headers.get("location") ?? "");
    expect(location.origin + location.pathname).toBe("https://login.example/reset");
    expect([...location.searchParams.keys()].sort()).toEqual([
      ...["client_id", "code_challenge", "code_challenge_method", "flow", "nonce"],
      ...["redirect_uri", "response_type", "state"],
    ]);
    expect(Object.values(query(page))).toContain("password");
    for (const name of ["nonce", "state", "code_challenge"]) expect(query(page)[name]).not.toBe("own");
  });

  it("sends every value of a list, and leaves out what is undefined", async () => {
    const { page } = await challenged(
      (ctx) => {
        ctx.parameters["resource"] = ["https://a.example/", "https://b.example/"];
        Object.assign(ctx.parameters, { prompt: undefined });
      },
      { prompt: "login" },
    );
    const { searchParams } = new URL(page.headers.get("location") ?? "");
    expect(searchParams.getAll("resource")).toEqual(["https://a.example/", "https://b.example/"]);
    expect(searchParams.has("prompt")).toBe(false);
  });

  it.each<[string, (ctx: RedirectContext) => void, string]>([
    ["a max_age of no seconds", (ctx) => Object.assign(ctx.parameters, { max_age: "soon" }), "INVALID_CHALLENGE"],
    ["a negative max_age", (ctx) => Object.assign(ctx.parameters, { max_age: "-1" }), "INVALID_CHALLENGE"],
    ["a number", (ctx) => Object.assign(ctx.parameters, { max_age: 5 }), "INVALID_CHALLENGE"],
    ["an object", (ctx) => Object.assign(ctx.parameters, { claims: {} }), "INVALID_CHALLENGE"],
    [
      "a script as endpoint",
      (ctx) => Object.assign(ctx, { authorizationEndpoint: "javascript:0" }),
      "INVALID_CHALLENGE",
    ],
    ["no endpoint", (ctx) => Object.assign(ctx, { authorizationEndpoint: undefined }), "INVALID_CHALLENGE"],
    [
      "a foreign return URL",
      (ctx) => Object.assign(ctx.properties, { returnUrl: "//evil.example" }),
      "INVALID_RETURN_URL",
    ],
    [
      "state that is too long",
      (ctx) => Object.assign(ctx.properties, { state: "x".repeat(2_000) }),
      "INVALID_CHALLENGE",
    ],
  ])("that leaves %s is an error, and nobody is sent anywhere", async (_name, leave, code) => {
    const { page, rp } = await challenged(leave);
    expect([page.status, page.headers.get("location")]).toEqual([500, null]);
    expect(rp.errors).toEqual([expect.objectContaining({ code: `ERR_OIDC_${code}` })]);
  });

  it("has no verb but handled(): one without an end would leave the browser waiting", async () => {
    const { page, rp } = await challenged((ctx) => (ctx as unknown as { skip(): void }).skip());
    expect([page.status, rp.errors.length]).toEqual([500, 1]);
  });

  it("sets max_age, and the login is held to that", async () => {
    const set = (ctx: RedirectContext) => {
      ctx.parameters["max_age"] = "300";
    };
    const old = await challenged(set, { fetch: withLoginOf(400) });
    await old.browser.completeSignIn(await old.browser.open(`${old.rp.url}/login`));
    expect(old.rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
    const fresh = await challenged(set, { fetch: withLoginOf(200) });
    expect((await fresh.browser.signIn(`${fresh.rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  });

  it("takes max_age and acr_values out, and the login is held to neither; the next one is again", async () => {
    let isOut = true;
    const { rp, browser, page } = await challenged(
      (ctx) => {
        if (!isOut) return;
        delete ctx.parameters["max_age"];
        delete ctx.parameters["acr_values"];
      },
      { maxAge: 300, acrValues: ["nobody-has-it"], fetch: withLoginOf(undefined) },
    );
    expect(query(page)).not.toHaveProperty("max_age");
    expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
    isOut = false;
    expect(query(await browser.request(`${rp.url}/login`))).toMatchObject({ max_age: "300" });
    expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).status).toBe(400);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
  });
});

describe("one object of challenge options, used again", () => {
  it("keeps nothing of the challenge before", async () => {
    const given: { maxAge?: number } = { maxAge: 5 };
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/go", (req, _res, next) => void req.oidc.challenge(given, next));
      },
    });
    const browser = new Browser();
    expect(query(await browser.request(`${rp.url}/go`))).toMatchObject({ max_age: "5" });
    expect(given).toEqual({ maxAge: 5 });
    delete given.maxAge;
    expect(query(await browser.request(`${rp.url}/go`))).not.toHaveProperty("max_age");
  });
});

describe("onRedirectToIdentityProviderForSignOut", () => {
  it("replaces endpoint and parameters", async () => {
    const rp = await fixture.start({
      options: {
        events: {
          onRedirectToIdentityProviderForSignOut: (ctx) => {
            ctx.endSessionEndpoint = "https://login.example/v2/logout";
            ctx.parameters = { client_id: "own", returnTo: ctx.parameters["post_logout_redirect_uri"] ?? "" };
          },
        },
      },
    });
    const location = (await new Browser().request(`${rp.url}/logout`)).headers.get("location") ?? "";
    expect(location.split("?")[0]).toBe("https://login.example/v2/logout");
    expect(Object.fromEntries(new URL(location).searchParams)).toEqual({
      client_id: "own",
      returnTo: `${rp.url}/signout-callback-oidc`,
    });
  });

  it("cannot lead to something that is no endpoint", async () => {
    const rp = await fixture.start({
      options: {
        events: {
          onRedirectToIdentityProviderForSignOut: (ctx) => {
            ctx.endSessionEndpoint = "javascript:alert(1)";
          },
        },
      },
    });
    const page = await new Browser().request(`${rp.url}/logout`);
    expect([page.status, page.headers.get("location")]).toEqual([500, null]);
  });
});

describe("an endpoint with a query of its own", () => {
  it("keeps it, by redirect and by form", async () => {
    const toFlow = (ctx: RedirectContext) => {
      ctx.authorizationEndpoint = "https://login.example/authorize?p=b2c_1_reset";
    };
    expect(query((await challenged(toFlow)).page)).toMatchObject({ p: "b2c_1_reset", client_id: "pkce_client" });
    const { page } = await challenged(toFlow, { redirectBehavior: "form_post" });
    const { action, fields } = formOf(page);
    expect(action).toBe("https://login.example/authorize?p=b2c_1_reset");
    expect(fields).not.toHaveProperty("p");
    expect(fields).toMatchObject({ client_id: "pkce_client", state: expect.any(String) });
  });
});

describe("onSignedOutCallbackRedirect and onTicketReceived", () => {
  it("cannot send the browser to another origin", async () => {
    const rp = await fixture.start({
      options: {
        events: {
          onSignedOutCallbackRedirect: (ctx) => {
            ctx.returnUrl = "https://evil.example/";
          },
          onTicketReceived: (ctx) => {
            ctx.properties.returnUrl = "https://evil.example/";
          },
        },
      },
      routes: (app) => app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody")),
    });
    const browser = new Browser();
    expect((await browser.request(`${rp.url}/signout-callback-oidc`)).headers.get("location")).toBe(null);
    expect((await browser.signIn(`${rp.url}/login`)).status).toBe(500);
    expect((await browser.request(`${rp.url}/who`)).body).toBe("nobody");
    for (const error of rp.errors) expect(error).toMatchObject({ code: "ERR_OIDC_INVALID_RETURN_URL" });
  });

  it("send it to another path, and where signedOutRedirectUri leads", async () => {
    const rp = await fixture.start({
      options: {
        signedOutRedirectUri: "https://www.example/bye",
        events: {
          onTicketReceived: (ctx) => {
            ctx.properties.returnUrl = "/welcome";
          },
        },
      },
      routes: (app) => app.get("/welcome", (_req, res) => res.send("welcome")),
    });
    const browser = new Browser();
    expect((await browser.signIn(`${rp.url}/login`)).body).toBe("welcome");
    const { headers } = await browser.request(`${rp.url}/signout-callback-oidc`);
    expect(headers.get("location")).toBe("https://www.example/bye");
  });
});
