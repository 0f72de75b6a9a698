import type { ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import type { Lies } from "../../hostile-provider/lies.js";
import { Browser } from "../../support/browser.js";
import { at, count, sendJson, startHostileApp } from "./hostile-app.js";

const DISCOVERY = "/.well-known/openid-configuration";
const alice = expect.stringContaining('"sub":"alice"');
const options = { automaticRefreshInterval: 600, refreshInterval: 60, backchannelTimeout: 0.4 };

const answered = (answer: (res: ServerResponse) => void): Lies => at(DISCOVERY, answer);
const changed = (changes: Record<string, unknown>): Lies => ({ metadata: (document) => ({ ...document, ...changes }) });

describe("a clock that is set back", () => {
  it("does not make more of the back-off after a failed discovery", async () => {
    const app = await startHostileApp(options);
    app.clock.ahead = 3_600;
    app.provider.lie(answered((res) => res.writeHead(500).end()));
    expect((await app.signIn()).status).toBe(502);
    app.clock.ahead = 0;
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
  });
});

describe("good metadata", () => {
  it.each<[string, Lies]>([
    ["500", answered((res) => res.writeHead(500).end())],
    ["404", answered((res) => res.writeHead(404).end())],
    ["HTML", answered((res) => res.writeHead(200, { "content-type": "text/html" }).end("<h1>Sorry</h1>"))],
    ["JSON that is none", answered((res) => sendJson(res, 200, "{"))],
    ["10 MB", answered((res) => sendJson(res, 200, `{"x":"${"x".repeat(10_485_760)}"}`))],
    ["a redirect elsewhere", answered((res) => res.writeHead(301, { location: "https://evil.example/" }).end())],
    ["silence", answered(() => {})],
    ["another issuer", changed({ issuer: "https://evil.example" })],
    ["no issuer", changed({ issuer: undefined })],
    ["no authorization endpoint", changed({ authorization_endpoint: undefined })],
    ["no token endpoint", changed({ token_endpoint: undefined })],
    ["no key set", changed({ jwks_uri: undefined })],
    ["a javascript: endpoint", changed({ end_session_endpoint: "javascript:alert(1)" })],
  ])("stays when what would renew it is %s", async (_name, lies) => {
    const app = await startHostileApp(options);
    expect((await app.signIn()).body).toEqual(alice);
    app.clock.ahead = 700;
    app.provider.lie(lies);
    expect((await app.signIn()).body).toEqual(alice);
    await vi.waitFor(() => expect(app.rp.log.join()).toContain("discovery_failed"));
    expect((await app.signIn()).body).toEqual(alice);
    expect(count(app, DISCOVERY)).toBe(2);
    // Tried again once refreshInterval has passed, and no sooner.
    app.clock.ahead = 800;
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
    await vi.waitFor(() => expect(count(app, DISCOVERY)).toBe(3));
    expect(app.rp.errors).toEqual([]);
  });

  it("is renewed once for many requests, none of which waits", async () => {
    const app = await startHostileApp({ ...options, backchannelTimeout: 30 });
    await app.signIn();
    app.clock.ahead = 700;
    app.provider.lie(answered(() => {}));
    const pages = await Promise.all(Array.from({ length: 10 }, () => new Browser().request(`${app.rp.url}/login`)));
    expect(pages.map(({ status }) => status)).toEqual(Array(10).fill(302));
    expect((await app.signIn()).body).toEqual(alice);
    expect(count(app, DISCOVERY)).toBe(2);
  });

  it("gives way to newer good metadata", async () => {
    const app = await startHostileApp(options);
    await app.signIn();
    app.clock.ahead = 700;
    app.provider.lie({
      metadata: (document) => ({ ...document, authorization_endpoint: `${document["issuer"]}/new` }),
    });
    const where = async () => (await new Browser().request(`${app.rp.url}/login`)).headers.get("location");
    expect(await where()).toContain("/authorize?");
    await vi.waitFor(async () => expect(await where()).toContain("/new?"));
  });
});
