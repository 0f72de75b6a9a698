import type { ServerResponse } from "node:http";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { afterEach } from "vitest";
import { CLIENT, type HostileProvider, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import type { Lies } from "../../hostile-provider/lies.js";
import type { Demands } from "../../hostile-provider/provider-state.js";
import { Browser, type Page } from "../../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../../support/relying-party.js";

/** A hostile provider, and an app that trusts it; the time of both is ahead by `clock.ahead` seconds. */
export interface HostileApp {
  readonly provider: HostileProvider;
  readonly rp: RelyingParty;
  readonly clock: { ahead: number };
  /** Of a new browser; the page is the user as JSON where it worked. */
  signIn(): Promise<Page>;
}

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

export async function startHostileApp(
  options: AddOpenIdConnectOptions | ((issuer: string) => AddOpenIdConnectOptions) = {},
  demands: Demands = {},
): Promise<HostileApp> {
  const clock = { ahead: 0 };
  const now = () => Date.now() / 1000 + clock.ahead;
  const provider = await startHostileProvider({ now, ...demands });
  const given = typeof options === "function" ? options(provider.issuer) : options;
  const rp = await startRelyingParty(provider, {
    options: { ...CLIENT, now, ...given },
    routes: (app) => {
      app.get("/", (_req, res) => res.send("public"));
      app.get("/who", (req, res) => res.json(req.user ?? null));
      app.get("/token", (req, res, next) => {
        req.oidc.getAccessToken({ forceRefresh: true }).then((token) => res.send(token), next);
      });
    },
  });
  running.push(provider, rp);
  return { provider, rp, clock, signIn: () => new Browser().signIn(`${rp.url}/login?returnUrl=/who`) };
}

/** The lie that one path answers thus, and nothing else is wrong. */
export function at(path: string, answer: (res: ServerResponse) => void): Lies {
  return {
    respond: (asked, _req, res) => {
      if (asked !== path) return false;
      answer(res);
      return true;
    },
  };
}

export function sendJson(res: ServerResponse, status: number, body: string): void {
  res.writeHead(status, { "content-type": "application/json" }).end(body);
}

/** How often a path was asked. */
export function count({ provider }: Pick<HostileApp, "provider">, path: string): number {
  return provider.asked.filter((asked) => asked === path).length;
}
