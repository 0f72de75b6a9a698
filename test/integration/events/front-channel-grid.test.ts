import type { AddOpenIdConnectOptions, OpenIdConnectEvents } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser, type Page } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { post, postedAnswer } from "../../support/posted-answer.js";
import type { RelyingParty } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

/*
 * Where an ID token comes through the browser with the code, onTokenValidated stands before the code is redeemed: what
 * it decides must keep the token endpoint out of it.
 */
const fixture = useTestIdp();

/** What a handler is given, as far as this grid uses it. */
interface Context {
  readonly res: { writeHead(status: number): { end(text: string): void } };
  readonly parameters: Record<string, string>;
  claims?: unknown;
  handled(): void;
  skip(): void;
  fail(error: string): void;
  success(): void;
}

const EVENTS = [
  "onMessageReceived",
  "onTokenValidated",
  "onAuthorizationCodeReceived",
  "onTokenResponseReceived",
  "onTicketReceived",
  "onAuthenticationFailed",
  "onRemoteFailure",
] as const;

interface Outcome {
  readonly page: Page;
  readonly ran: readonly string[];
  readonly rp: RelyingParty;
  readonly user: Record<string, unknown> | null;
  readonly tokenRequests: number;
}

async function signInWith(
  decisive: Partial<Record<(typeof EVENTS)[number], (ctx: Context) => void>>,
  options: AddOpenIdConnectOptions = {},
  change: (fields: Record<string, string>) => Record<string, string> = (fields) => fields,
): Promise<Outcome> {
  const ran: string[] = [];
  const events = Object.fromEntries(
    EVENTS.map((name) => [
      name,
      (ctx: Context) => {
        ran.push(name);
        decisive[name]?.(ctx);
      },
    ]),
  ) as OpenIdConnectEvents;
  const rp = await fixture.start({
    options: { responseType: "code id_token", saveTokens: true, ...options, events },
    routes: (app) => {
      app.post("/signin-oidc", (_req, res) => res.status(418).send("the app's"));
      app.get("/who", (req, res) =>
        res.json(req.user === undefined ? null : { ...req.user, idToken: req.oidc.getToken("id_token") }),
      );
    },
  });
  const browser = new Browser();
  const { action, fields } = await postedAnswer(browser, `${rp.url}/login?returnUrl=/deep`);
  const asked = () => fixture.idp.requests.filter(({ path }) => path === "/connect/token").length;
  const before = asked();
  const page = await post(browser, action, change({ ...fields }));
  return {
    page,
    ran,
    rp,
    tokenRequests: asked() - before,
    user: JSON.parse((await browser.request(`${rp.url}/who`)).body),
  };
}

it("a hybrid sign-in validates the first token, then asks for tokens", async () => {
  const { page, ran, user, tokenRequests } = await signInWith({});
  expect([page.status, user?.["sub"], tokenRequests]).toEqual([303, "alice", 1]);
  expect(ran).toEqual(EVENTS.slice(0, 5));
});

describe("onTokenValidated of a token that came with the code", () => {
  it.each([
    ["skips", (ctx: Context) => ctx.skip(), 418, []],
    ["handles", (ctx: Context) => [ctx.res.writeHead(202).end(""), ctx.handled()], 202, []],
    ["fails", (ctx: Context) => ctx.fail("no, thanks"), 500, ["onRemoteFailure"]],
  ] as const)("that %s ends the sign-in there, the code unspent", async (_name, decide, status, after) => {
    const { page, ran, user, tokenRequests } = await signInWith({ onTokenValidated: decide });
    expect([page.status, user, tokenRequests]).toEqual([status, null, 0]);
    expect(ran).toEqual(["onMessageReceived", "onTokenValidated", ...after]);
  });

  it("that accepts a user goes straight to onTicketReceived, the code unspent and the valid token kept", async () => {
    const { ran, user, tokenRequests } = await signInWith({
      onTokenValidated: (ctx) => {
        ctx.claims = { sub: "somebody" };
        ctx.success();
      },
    });
    expect([user?.["sub"], tokenRequests]).toEqual(["somebody", 0]);
    expect(claimsOf(String(user?.["idToken"]))).toMatchObject({ sub: "alice" });
    expect(ran).toEqual(["onMessageReceived", "onTokenValidated", "onTicketReceived"]);
  });
});

describe("onMessageReceived", () => {
  it("that accepts a user goes straight to onTicketReceived, and the provider is not asked", async () => {
    const { page, ran, user, tokenRequests } = await signInWith({
      onMessageReceived: (ctx) => {
        ctx.claims = { sub: "somebody" };
        ctx.success();
      },
    });
    expect([page.status, user?.["sub"], tokenRequests]).toEqual([303, "somebody", 0]);
    expect(ran).toEqual(["onMessageReceived", "onTicketReceived"]);
  });

  it("that accepts nobody is an error", async () => {
    const { page, user, rp } = await signInWith({ onMessageReceived: (ctx) => ctx.success() });
    expect([page.status, user, rp.errors.length]).toEqual([500, null, 1]);
  });

  it("cannot keep the first token from being validated by taking it out", async () => {
    const forge = createTokenForge(fixture.idp);
    const { page, user, tokenRequests } = await signInWith(
      {
        onMessageReceived: (ctx) => {
          try {
            delete ctx.parameters["id_token"];
          } catch {
            // It is told; what counts is that the check stands.
          }
        },
      },
      { maxAge: 300, fetch: forge.fetch() },
      (fields) => {
        const claims = claimsOf(fields["id_token"]);
        return { ...fields, id_token: forge.sign({ ...claims, auth_time: Math.floor(Date.now() / 1000) - 400 }) };
      },
    );
    expect([page.status, user, tokenRequests]).toEqual([400, null, 0]);
  });
});

describe("a token that is no good", () => {
  it("runs onAuthenticationFailed, then onRemoteFailure, and nothing that comes with a valid one", async () => {
    const { ran, tokenRequests } = await signInWith({}, {}, (fields) => ({ ...fields, id_token: "x.y.z" }));
    expect(tokenRequests).toBe(0);
    expect(ran).toEqual(["onMessageReceived", "onAuthenticationFailed", "onRemoteFailure"]);
  });
});
