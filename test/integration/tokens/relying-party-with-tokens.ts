import type { TestIdp } from "add-openid-connect/testing";
import { Browser } from "../../support/browser.js";
import type { Fixture } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

/** Ahead of the real clock, for the app alone: what the provider issued looks old to it. */
export interface Clock {
  ahead: number;
  readonly now: () => number;
}

export function createClock(): Clock {
  const clock = { ahead: 0, now: () => Date.now() / 1000 + clock.ahead };
  return clock;
}

/** An app whose users have tokens, with a page for each thing that can be done with them. */
export function startWithTokens(
  fixture: Fixture,
  clock: Clock,
  { options, ...settings }: RelyingPartySettings = {},
): Promise<RelyingParty> {
  return fixture.start({
    ...settings,
    options: {
      scope: "openid profile api1 offline_access",
      saveTokens: true,
      now: clock.now,
      tokenValidation: { clockTolerance: 100_000 },
      ...options,
    },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ sub: req.user?.sub ?? null, claims: req.user?.claims }));
      app.get("/token", async (req, res) => {
        const { resource, force } = req.query as Record<string, string>;
        res.send(await req.oidc.getAccessToken({ resource, forceRefresh: force === "1" }));
      });
      app.get("/saved", (req, res) => res.json({ access: req.oidc.getToken("access_token") }));
      app.get("/granted", (req, res) => res.json(req.oidc.grantedScopes));
      app.get("/client", async (req, res) => {
        const { scope } = req.query as Record<string, string>;
        res.send(await req.oidc.getClientToken({ scope }));
      });
      settings.routes?.(app);
    },
  });
}

export async function signedIn(rp: RelyingParty): Promise<Browser> {
  const browser = new Browser();
  await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  return browser;
}

/** Refresh requests that reached the provider. */
export function refreshes(idp: TestIdp): number {
  return idp.requests.filter(({ parameters }) => parameters["grant_type"] === "refresh_token").length;
}

export function isRefresh(init: RequestInit | undefined): boolean {
  return new URLSearchParams(String(init?.body ?? "")).get("grant_type") === "refresh_token";
}
