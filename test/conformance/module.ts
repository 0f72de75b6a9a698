import type { AddOpenIdConnectOptions, OpenIdConnectErrorCode } from "add-openid-connect";
import { afterEach, expect, test } from "vitest";
import { CLIENT, type HostileProvider, startHostileProvider } from "../hostile-provider/hostile-provider.js";
import type { Lies } from "../hostile-provider/lies.js";
import { Browser, type Page } from "../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../support/relying-party.js";

/** What a module looks at besides the outcome. */
export interface Seen {
  readonly provider: HostileProvider;
  readonly rp: RelyingParty;
  readonly browser: Browser;
  readonly page: Page;
}

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

async function start(options: AddOpenIdConnectOptions): Promise<{ provider: HostileProvider; rp: RelyingParty }> {
  const provider = await startHostileProvider();
  const rp = await startRelyingParty(provider, {
    options: { ...CLIENT, ...options },
    routes: (app) => {
      app.get("/who", (req, res) => res.json(req.user ?? null));
    },
  });
  running.push(provider, rp);
  return { provider, rp };
}

async function signIn(provider: HostileProvider, rp: RelyingParty): Promise<Seen> {
  const browser = new Browser();
  const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  return { provider, rp, browser, page };
}

/** The sign-in works, and the user is the provider's. */
export function accepts(
  name: string,
  lies: Lies = {},
  options: AddOpenIdConnectOptions = {},
  check?: (seen: Seen) => unknown,
): void {
  test(name, async () => {
    const { provider, rp } = await start(options);
    provider.lie(lies);
    const seen = await signIn(provider, rp);
    expect(seen.page.body).toContain('"sub":"alice"');
    await check?.(seen);
  });
}

/** The sign-in is refused with this code, and nobody is signed in. The same without the lie works: the control. */
export function refuses(
  name: string,
  lies: Lies,
  code: OpenIdConnectErrorCode,
  options: AddOpenIdConnectOptions = {},
): void {
  test(name, async () => {
    const { provider, rp } = await start(options);
    provider.lie(lies);
    const seen = await signIn(provider, rp);
    expect(rp.errors.map((error) => (error as { code?: unknown }).code)).toEqual([code]);
    expect(seen.page.status).toBeGreaterThanOrEqual(400);
    expect((await seen.browser.fetch(`${rp.url}/who`)).body).toBe("null");
    // A new app: what the lie left in caches must not be what the control fails or passes by.
    const control = await start(options);
    expect((await signIn(control.provider, control.rp)).page.body).toContain('"sub":"alice"');
  });
}
