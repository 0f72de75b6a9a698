import type { ServerResponse } from "node:http";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { afterEach, describe, expect, it } from "vitest";
import { CLIENT, type HostileProvider, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import type { Lies } from "../../hostile-provider/lies.js";
import { Browser, type Page } from "../../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../../support/relying-party.js";

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

async function start(options: AddOpenIdConnectOptions = {}): Promise<{ provider: HostileProvider; rp: RelyingParty }> {
  const provider = await startHostileProvider();
  const rp = await startRelyingParty(provider, {
    options: { ...CLIENT, backchannelTimeout: 0.4, ...options },
    routes: (app) => {
      app.get("/who", (req, res) => res.json(req.user ?? null));
      app.get("/", (_req, res) => res.send("public"));
    },
  });
  running.push(provider, rp);
  return { provider, rp };
}

const signIn = (rp: RelyingParty): Promise<Page> => new Browser().signIn(`${rp.url}/login?returnUrl=/who`);

/** Ends in the right status within the time; the process serves on, and the next sign-in works. */
async function endsIn(status: number, lies: Lies, options: AddOpenIdConnectOptions = {}): Promise<RelyingParty> {
  let ahead = 0;
  const { provider, rp } = await start({ now: () => Date.now() / 1000 + ahead, ...options });
  provider.lie(lies);
  const begun = performance.now();
  const page = await signIn(rp);
  expect(page.status).toBe(status);
  expect(performance.now() - begun).toBeLessThan(8_000);
  expect((await new Browser().request(`${rp.url}/`)).body).toBe("public");
  expect((await new Browser().fetch(`${rp.url}/who`)).body).toBe("null");
  provider.lie({});
  // Past the back-off of a failed discovery.
  ahead = 20;
  expect((await signIn(rp)).body).toContain('"sub":"alice"');
  return rp;
}

const at =
  (wanted: string, answer: (res: ServerResponse) => void): Lies["respond"] =>
  (path, _req, res) => {
    if (path !== wanted) return false;
    answer(res);
    return true;
  };

const json = (res: ServerResponse, status: number, body: string) =>
  res.writeHead(status, { "content-type": "application/json" }).end(body);

describe("a token endpoint", () => {
  it.each<[string, number, (res: ServerResponse) => void]>([
    ["400 invalid_grant", 400, (res) => json(res, 400, '{"error":"invalid_grant"}')],
    ["400 invalid_client", 502, (res) => json(res, 400, '{"error":"invalid_client"}')],
    ["401", 502, (res) => json(res, 401, '{"error":"invalid_client"}')],
    ["400 without JSON", 502, (res) => res.writeHead(400).end("nope")],
    ["500", 502, (res) => res.writeHead(500).end("oops")],
    ["503", 502, (res) => res.writeHead(503).end()],
    ["a redirect", 502, (res) => res.writeHead(302, { location: "https://evil.example/" }).end()],
    ["HTML", 502, (res) => res.writeHead(200, { "content-type": "text/html" }).end("<h1>hello</h1>")],
    ["JSON that is none", 502, (res) => json(res, 200, "{not json")],
    ["a list", 502, (res) => json(res, 200, "[]")],
    ["null", 502, (res) => json(res, 200, "null")],
    ["no access token", 502, (res) => json(res, 200, '{"token_type":"Bearer"}')],
    ["10 MB", 502, (res) => json(res, 200, `{"x":"${"x".repeat(10_485_760)}"}`)],
    ["silence", 504, () => {}],
    [
      "a body that never ends",
      504,
      (res) => void res.writeHead(200, { "content-type": "application/json" }).write("{"),
    ],
    ["a cut connection", 503, (res) => void res.socket?.destroy()],
  ])("that answers with %s ends in %i", async (_name, status, answer) => {
    await endsIn(status, { respond: at("/token", answer) ?? (() => false) });
  });

  it("is never told twice of one code", async () => {
    const { provider, rp } = await start();
    provider.lie({ respond: at("/token", (res) => res.writeHead(500).end()) ?? (() => false) });
    await signIn(rp);
    expect(provider.asked.filter((path) => path === "/token")).toHaveLength(1);
  });
});

describe("a key set", () => {
  it.each<[string, number, (res: ServerResponse) => void]>([
    ["500", 502, (res) => res.writeHead(500).end()],
    ["an empty list", 502, (res) => json(res, 200, '{"keys":[]}')],
    ["no list", 502, (res) => json(res, 200, '{"keys":"x"}')],
    ["HTML", 502, (res) => res.writeHead(200, { "content-type": "text/html" }).end("<p>")],
    ["silence", 504, () => {}],
  ])("that comes as %s ends in %i", async (_name, status, answer) => {
    await endsIn(status, { respond: at("/jwks", answer) ?? (() => false) });
  });

  it("is fetched once for many sign-ins at once", async () => {
    const { provider, rp } = await start();
    const pages = await Promise.all(Array.from({ length: 10 }, () => signIn(rp)));
    expect(pages.every(({ body }) => body.includes("alice"))).toBe(true);
    expect(provider.asked.filter((path) => path === "/jwks")).toHaveLength(1);
    expect(provider.asked.filter((path) => path.endsWith("openid-configuration"))).toHaveLength(1);
  });
});

describe("discovery", () => {
  it.each<[string, number, (res: ServerResponse) => void]>([
    ["500", 502, (res) => res.writeHead(500).end()],
    ["404", 502, (res) => res.writeHead(404).end("not here")],
    ["HTML", 502, (res) => res.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>")],
    ["a redirect elsewhere", 502, (res) => res.writeHead(302, { location: "https://evil.example/" }).end()],
    ["a redirect to itself", 502, (res) => res.writeHead(302, { location: "/.well-known/openid-configuration" }).end()],
    ["silence", 504, () => {}],
    ["2 MB", 502, (res) => json(res, 200, `{"issuer":"${"x".repeat(2_097_152)}"}`)],
  ])("that answers with %s ends in %i", async (_name, status, answer) => {
    await endsIn(status, { respond: at("/.well-known/openid-configuration", answer) ?? (() => false) });
  });

  it.each(["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"])(
    "whose %s is no http URL is refused",
    async (name) => {
      for (const url of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", 5]) {
        await endsIn(502, { metadata: (document) => ({ ...document, [name]: url }) });
      }
    },
  );
});

describe("discovery that leads in circles", () => {
  it("has one time for all of its redirects", async () => {
    const { provider, rp } = await start({ backchannelTimeout: 0.6 });
    provider.lie({
      respond: (path, _req, res) => {
        if (!path.endsWith("/openid-configuration")) return false;
        setTimeout(() => res.writeHead(302, { location: path }).end(), 250);
        return true;
      },
    });
    expect((await signIn(rp)).status).toBe(504);
    expect(provider.asked).toHaveLength(3);
  });
});

describe("the error for what a provider answers", () => {
  const token = (status: number, type: string, body: string) =>
    at("/token", (res) => res.writeHead(status, { "content-type": type }).end(body));
  const discovery = (status: number) => at("/.well-known/openid-configuration", (res) => res.writeHead(status).end());

  it.each<[string, Lies["respond"], RegExp]>([
    ["a page with a status", token(403, "text/html", "<h1>blocked</h1>"), /answered 403 \(text\/html\)/],
    [
      "an unknown resource",
      token(400, "application/json", '{"error":"invalid_target"}'),
      /invalid_target.*getAccessToken\(\{ resource \}\)/,
    ],
    ["too many requests", token(429, "text/plain", "slow down"), /answered 429 \(text\/plain\)/],
    ["a content type that is markup", token(404, "<b>", ""), /answered 404 \(no content type\)/],
    ["metadata that fails", discovery(503), /answered 503.*failing or overloaded/],
    ["no metadata there", discovery(404), /answered 404.*Is authority/],
  ])("tells %s", async (_name, respond, message) => {
    const { provider, rp } = await start();
    provider.lie({ respond: respond ?? (() => false) });
    expect((await signIn(rp)).status).toBe(502);
    expect(String(rp.errors[0])).toMatch(message);
  });
});

describe("text of a provider", () => {
  const markup = '"><img src=x onerror=alert(1)><script>alert(1)</script>';
  const nextLine = "\r\n[info] signed in as admin";

  it.each<[string, number, Lies]>([
    [
      "of an authorization error",
      400,
      {
        answer: ({ state, iss }) => ({
          state,
          iss,
          error: `invalid_request${markup}`,
          error_description: markup + nextLine,
          error_uri: "javascript:alert(1)",
        }),
      },
    ],
    [
      "of a denial",
      403,
      { answer: ({ state, iss }) => ({ state, iss, error: "access_denied", error_description: markup + nextLine }) },
    ],
    [
      "of a token error",
      502,
      {
        respond: (path, _req, res) => {
          if (path !== "/token") return false;
          const error = { error: "invalid_client", error_description: markup + nextLine, error_uri: markup };
          json(res, 401, JSON.stringify(error));
          return true;
        },
      },
    ],
    ["of an issuer", 502, { metadata: (document) => ({ ...document, issuer: `https://x/${markup}${nextLine}` }) }],
    ["of an endpoint", 502, { metadata: (document) => ({ ...document, token_endpoint: markup + nextLine }) }],
    ["of a token's issuer", 400, { claims: (claims) => ({ ...claims, iss: markup + nextLine }) }],
    ["of a token's alg", 400, { header: (header) => ({ ...header, alg: markup }) }],
    [
      "of a long issuer",
      502,
      { metadata: (document) => ({ ...document, issuer: `https://x/${"y".repeat(500_000)}` }) },
    ],
  ])("with markup and line breaks, %s, reaches no page and no log as such", async (_name, status, lies) => {
    const { provider, rp } = await start();
    provider.lie(lies);
    const page = await signIn(rp);
    expect(page.status).toBe(status);
    expect(page.body).not.toMatch(/<img|<script|javascript:/);
    const told = [page.body, ...rp.log, ...rp.errors.map(String)];
    for (const text of told) expect(text.length).toBeLessThan(5_000);
    for (const text of [...rp.errors.map(String), ...rp.log.map((entry) => JSON.parse(entry).message)]) {
      expect(text).not.toMatch(/[\r\n]/);
    }
  });

  it.each([
    ["at the beginning", "no "],
    ["where a long description is cut off", "x".repeat(290)],
  ])("that repeats a secret %s does not bring it into a message or a log", async (_where, before) => {
    const rp = await endsIn(502, {
      respond: (path, _req, res) => {
        if (path !== "/token") return false;
        json(
          res,
          400,
          JSON.stringify({ error: "invalid_client", error_description: `${before}${CLIENT.clientSecret}!` }),
        );
        return true;
      },
    });
    const told = [...rp.log, ...rp.errors.map((error) => String((error as Error).stack))].join();
    expect(told).not.toContain(CLIENT.clientSecret.slice(0, 6));
  });
});
