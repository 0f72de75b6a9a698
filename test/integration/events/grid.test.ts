import type { OpenIdConnectEvents } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser, type Page } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

/** What a handler is given, as far as this grid uses it. */
interface Context {
  readonly res: { writeHead(status: number, headers: Record<string, string>): { end(text: string): void } };
  readonly error?: Error;
  readonly properties?: { readonly returnUrl: string };
  claims?: unknown;
  handled(): void;
  skip(): void;
  fail(error: string): void;
  success(): void;
}

const CALLBACK_EVENTS = [
  "onMessageReceived",
  "onAuthorizationCodeReceived",
  "onTokenResponseReceived",
  "onTokenValidated",
  "onUserInformationReceived",
  "onTicketReceived",
] as const;
const FAILURE_EVENTS = ["onAuthenticationFailed", "onRemoteFailure", "onAccessDenied"] as const;
type Name = (typeof CALLBACK_EVENTS)[number] | (typeof FAILURE_EVENTS)[number];

interface Outcome {
  readonly page: Page;
  readonly ran: readonly Name[];
  readonly rp: RelyingParty;
  readonly isSignedIn: boolean;
  readonly tokenRequests: number;
}

/** A sign-in up to its callback's answer, with one handler that decides and all others that only tell that they ran. */
async function signInWith(
  decisive: Partial<Record<Name, (ctx: Context) => void>>,
  more: RelyingPartySettings["options"] = {},
  changeCallback: (url: URL) => void = () => {},
): Promise<Outcome> {
  const ran: Name[] = [];
  const events = Object.fromEntries(
    [...CALLBACK_EVENTS, ...FAILURE_EVENTS].map((name) => [
      name,
      (ctx: Context) => {
        ran.push(name);
        decisive[name]?.(ctx);
      },
    ]),
  ) as OpenIdConnectEvents;
  const rp = await fixture.start({
    options: { getClaimsFromUserInfoEndpoint: true, ...more, events },
    routes: (app) => {
      app.get("/signin-oidc", (_req, res) => res.status(418).send("the app's"));
      app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
    },
  });
  const browser = new Browser();
  const callback = new URL(await browser.signInUpToCallback(`${rp.url}/login?returnUrl=/deep`));
  changeCallback(callback);
  const before = fixture.idp.requests.filter(({ path }) => path === "/connect/token").length;
  const page = await browser.request(callback.href);
  return {
    page,
    ran,
    rp,
    isSignedIn: (await browser.request(`${rp.url}/who`)).body !== "nobody",
    tokenRequests: fixture.idp.requests.filter(({ path }) => path === "/connect/token").length - before,
  };
}

const upTo = (name: Name) => CALLBACK_EVENTS.slice(0, CALLBACK_EVENTS.indexOf(name as never) + 1);
const asks = (name: Name) => (CALLBACK_EVENTS.indexOf(name as never) >= 2 ? 1 : 0);

it("a sign-in runs its events in order, and none of the failure", async () => {
  const { page, ran, isSignedIn } = await signInWith({});
  expect([page.status, page.headers.get("location")]).toEqual([302, "/deep"]);
  expect(ran).toEqual(CALLBACK_EVENTS);
  expect(isSignedIn).toBe(true);
});

describe.each(CALLBACK_EVENTS)("%s", (name) => {
  it("that skips lets the app answer, and nothing after it runs", async () => {
    const { page, ran, isSignedIn, tokenRequests } = await signInWith({ [name]: (ctx: Context) => ctx.skip() });
    expect([page.status, page.body]).toEqual([418, "the app's"]);
    expect(ran).toEqual(upTo(name));
    expect([isSignedIn, tokenRequests]).toEqual([false, asks(name)]);
  });

  it("that fails goes straight to onRemoteFailure, and then to the app's error handler", async () => {
    const { page, ran, rp, isSignedIn, tokenRequests } = await signInWith({
      [name]: (ctx: Context) => ctx.fail("no, thanks"),
    });
    expect(page.status).toBe(500);
    expect(ran).toEqual([...upTo(name), "onRemoteFailure"]);
    expect(rp.errors).toEqual([expect.objectContaining({ message: "no, thanks" })]);
    expect([isSignedIn, tokenRequests]).toEqual([false, asks(name)]);
  });

  it("that handles has the last word", async () => {
    const { page, ran, isSignedIn, tokenRequests } = await signInWith({
      [name]: (ctx: Context) => {
        ctx.res.writeHead(202, { "x-own": "yes" }).end("handled");
        ctx.handled();
      },
    });
    expect([page.status, page.headers.get("x-own"), page.body]).toEqual([202, "yes", "handled"]);
    expect(ran).toEqual(upTo(name));
    expect([isSignedIn, tokenRequests]).toEqual([false, asks(name)]);
  });
});

describe.each(CALLBACK_EVENTS.slice(1, -1))("%s that accepts a user", (name) => {
  it("goes straight to onTicketReceived, and that user is signed in", async () => {
    const { page, ran, isSignedIn, tokenRequests } = await signInWith({
      [name]: (ctx: Context) => {
        ctx.claims = { sub: "somebody", name: "Else" };
        ctx.success();
      },
    });
    expect([page.status, page.headers.get("location")]).toEqual([302, "/deep"]);
    expect(ran).toEqual([...upTo(name), "onTicketReceived"]);
    expect([isSignedIn, tokenRequests]).toEqual([true, asks(name)]);
  });

  it("without a sub is an error, and nobody is signed in", async () => {
    const { isSignedIn, rp } = await signInWith({
      [name]: (ctx: Context) => {
        ctx.claims = { name: "Nobody" };
        ctx.success();
      },
    });
    expect([isSignedIn, rp.errors.length]).toEqual([false, 1]);
  });
});

describe("a token that is no good", () => {
  const broken: RelyingPartySettings["options"] = {
    fetch: async (url, init) =>
      String(url).endsWith("/connect/token")
        ? Response.json({ error: "invalid_grant" }, { status: 400 })
        : fetch(url, init),
  };
  const ran = ["onMessageReceived", "onAuthorizationCodeReceived", "onTokenResponseReceived"];

  it("runs onAuthenticationFailed, then onRemoteFailure", async () => {
    const outcome = await signInWith({}, broken);
    expect(outcome.page.status).toBe(400);
    expect(outcome.ran).toEqual([...ran, "onAuthenticationFailed", "onRemoteFailure"]);
    expect(outcome.isSignedIn).toBe(false);
  });

  it.each([
    ["skip", 418, false],
    ["handled", 202, false],
    ["fail", 500, false],
    ["success", 302, true],
  ] as const)("and onAuthenticationFailed that answers %s", async (verb, status, isIn) => {
    const seen: unknown[] = [];
    const outcome = await signInWith(
      {
        onAuthenticationFailed: (ctx) => {
          seen.push(ctx.error, ctx.claims);
          if (verb === "handled") ctx.res.writeHead(202, {}).end("");
          ctx.claims = verb === "success" ? { sub: "recovered" } : undefined;
          if (verb === "fail") ctx.fail("worse");
          else ctx[verb]();
        },
      },
      broken,
    );
    expect([outcome.page.status, outcome.isSignedIn]).toEqual([status, isIn]);
    expect(seen).toEqual([expect.objectContaining({ code: "ERR_OIDC_CODE_REJECTED" }), undefined]);
    const after = verb === "fail" ? ["onRemoteFailure"] : verb === "success" ? ["onTicketReceived"] : [];
    expect(outcome.ran).toEqual([...ran, "onAuthenticationFailed", ...after]);
  });
});

describe("a denial", () => {
  const deny = (url: URL) => {
    url.searchParams.delete("code");
    url.searchParams.set("error", "access_denied");
  };

  it.each([
    ["skip", 418],
    ["handled", 202],
  ] as const)("with onAccessDenied that answers %s runs no failure event", async (verb, status) => {
    const seen: unknown[] = [];
    const outcome = await signInWith(
      {
        onAccessDenied: (ctx) => {
          seen.push(ctx.properties?.returnUrl);
          if (verb === "handled") ctx.res.writeHead(202, {}).end("");
          ctx[verb]();
        },
      },
      {},
      deny,
    );
    expect(outcome.page.status).toBe(status);
    expect(outcome.ran).toEqual(["onMessageReceived", "onAccessDenied"]);
    expect(seen).toEqual(["/deep"]);
  });
});

describe("a failure", () => {
  it.each([
    ["skip", 418],
    ["handled", 202],
  ] as const)("with onRemoteFailure that answers %s does not reach the app's error handler", async (verb, status) => {
    const outcome = await signInWith(
      {
        onRemoteFailure: (ctx) => {
          if (verb === "handled") ctx.res.writeHead(202, {}).end("");
          ctx[verb]();
        },
      },
      {},
      (url) => url.searchParams.set("iss", "https://evil.example"),
    );
    expect(outcome.page.status).toBe(status);
    expect(outcome.ran).toEqual(["onRemoteFailure"]);
    expect(outcome.rp.errors).toEqual([]);
  });

  it.each<[string, (url: URL) => void]>([
    ["correlation", (url) => url.searchParams.set("state", "AAAA")],
    ["issuer", (url) => url.searchParams.set("iss", "https://evil.example")],
  ])("of %s comes before any event that could accept a user", async (_name, change) => {
    const accept = (ctx: Context) => {
      ctx.claims = { sub: "mallory" };
      ctx.success();
    };
    const outcome = await signInWith(
      { onMessageReceived: accept, onAuthorizationCodeReceived: accept, onTokenValidated: accept },
      {},
      change,
    );
    expect([outcome.page.status, outcome.isSignedIn]).toEqual([400, false]);
    expect(outcome.ran).toEqual(["onRemoteFailure"]);
  });
});

describe("events of the way out and back", () => {
  it("onRedirectToIdentityProvider runs once, changes parameters, and is what the answer is held to", async () => {
    let calls = 0;
    const rp = await fixture.start({
      options: {
        events: {
          onRedirectToIdentityProvider: (ctx) => {
            calls++;
            ctx.parameters["login_hint"] = "bob";
            ctx.parameters["client_id"] = "other";
            ctx.properties.state = { from: "event" };
          },
        },
      },
    });
    const page = await new Browser().request(`${rp.url}/login`);
    const { searchParams } = new URL(page.headers.get("location") ?? "");
    expect([calls, searchParams.get("login_hint"), searchParams.get("client_id")]).toEqual([1, "bob", "other"]);
  });

  it("onRedirectToIdentityProvider that handles suppresses the redirect", async () => {
    const rp = await fixture.start({
      options: {
        events: {
          onRedirectToIdentityProvider: (ctx) => {
            ctx.res.writeHead(410, { "x-gone": "yes" }).end();
            ctx.handled();
          },
        },
      },
    });
    const page = await new Browser().request(`${rp.url}/login`);
    expect([page.status, page.headers.get("x-gone"), page.headers.get("location")]).toEqual([410, "yes", null]);
  });

  it("onRedirectToIdentityProviderForSignOut changes parameters, or handles", async () => {
    for (const isHandled of [false, true]) {
      const rp = await fixture.start({
        options: {
          events: {
            onRedirectToIdentityProviderForSignOut: (ctx) => {
              ctx.parameters["ui_locales"] = "de";
              if (!isHandled) return;
              ctx.res.writeHead(204).end();
              ctx.handled();
            },
          },
        },
      });
      const page = await new Browser().request(`${rp.url}/logout`);
      if (isHandled) expect([page.status, page.headers.get("location")]).toEqual([204, null]);
      else expect(new URL(page.headers.get("location") ?? "").searchParams.get("ui_locales")).toBe("de");
    }
  });

  it("onSignedOutCallbackRedirect changes the target, handles, or skips", async () => {
    for (const [verb, status] of [
      ["change", 302],
      ["handled", 202],
      ["skip", 418],
    ] as const) {
      const rp = await fixture.start({
        options: {
          events: {
            onSignedOutCallbackRedirect: (ctx) => {
              if (verb === "change") ctx.returnUrl = "/changed";
              else {
                if (verb === "handled") ctx.res.writeHead(202).end();
                ctx[verb]();
              }
            },
          },
        },
        routes: (app) => {
          app.get("/signout-callback-oidc", (_req, res) => res.status(418).send("the app's"));
        },
      });
      const page = await new Browser().request(`${rp.url}/signout-callback-oidc`);
      expect(page.status).toBe(status);
      if (verb === "change") expect(page.headers.get("location")).toBe("/changed");
    }
  });
});
