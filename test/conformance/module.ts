import type { AddOpenIdConnectOptions, OpenIdConnectErrorCode } from "add-openid-connect";
import { afterEach, expect, test } from "vitest";
import { CLIENT, type HostileProvider, startHostileProvider } from "../hostile-provider/hostile-provider.js";
import type { Lies } from "../hostile-provider/lies.js";
import type { Demands } from "../hostile-provider/provider-state.js";
import { Browser, type Page } from "../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../support/relying-party.js";

/** What a module looks at besides the outcome. */
export interface Seen {
  readonly provider: HostileProvider;
  readonly rp: RelyingParty;
  readonly browser: Browser;
  readonly page: Page;
}

/** The error that a refusal ends in: its code, and a part of its message that no other rule would give. */
export type Refusal = readonly [code: OpenIdConnectErrorCode, reason: string];

/** The two kinds of module, for the providers of one test plan. */
export interface Plan {
  /** The sign-in works, and the user is the provider's. */
  accepts(name: string, lies?: Lies, options?: AddOpenIdConnectOptions, check?: (seen: Seen) => unknown): void;
  /** The sign-in is refused with this error, and nobody is signed in. The same without the lie works: the control. */
  refuses(name: string, lies: Lies, refusal: Refusal, options?: AddOpenIdConnectOptions): void;
}

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

/** @param all options of each relying party of the plan */
export function createPlan(demands: Demands, all: AddOpenIdConnectOptions): Plan {
  const run = async (lies: Lies, options: AddOpenIdConnectOptions): Promise<Seen> => {
    const provider = await startHostileProvider(demands);
    provider.lie(lies);
    const rp = await startRelyingParty(provider, {
      options: { ...CLIENT, ...all, ...options },
      routes: (app) => {
        app.get("/who", (req, res) => res.json(req.user ?? null));
        app.get("/token", (req, res, next) => {
          req.oidc.getAccessToken({ forceRefresh: true }).then((token) => res.send(token), next);
        });
      },
    });
    running.push(provider, rp);
    const browser = new Browser();
    return { provider, rp, browser, page: await browser.signIn(`${rp.url}/login?returnUrl=/who`) };
  };
  return {
    accepts(name, lies = {}, options = {}, check) {
      test(name, async () => {
        const seen = await run(lies, options);
        expect(seen.rp.errors).toEqual([]);
        expect(seen.page.body).toContain('"sub":"alice"');
        await check?.(seen);
      });
    },
    refuses(name, lies, refusal, options = {}) {
      test(name, async () => {
        const { rp, page, browser } = await run(lies, options);
        expectRefusal(rp, page, refusal);
        expect((await browser.fetch(`${rp.url}/who`)).body).toBe("null");
        // A new app: what the lie left in caches must not be what the control fails or passes by.
        expect((await run({}, options)).page.body).toContain('"sub":"alice"');
      });
    },
  };
}

export function expectRefusal(rp: RelyingParty, page: Page, [code, reason]: Refusal): void {
  expect(rp.errors).toEqual([expect.objectContaining({ code, message: expect.stringContaining(reason) })]);
  expect(page.status).toBeGreaterThanOrEqual(400);
}

export const { accepts, refuses } = createPlan({}, {});
