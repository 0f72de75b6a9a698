import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { at, count, sendJson, startHostileApp } from "./hostile-app.js";

const alice = expect.stringContaining('"sub":"alice"');
const options = { backchannelTimeout: 0.4, getClaimsFromUserInfoEndpoint: true };
const PATHS = ["/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"];

/** Writes as long as anyone reads; answers how many bytes that were once the connection is gone. */
function endless(): { readonly answer: (res: ServerResponse) => void; readonly sent: Promise<number> } {
  let tell: (bytes: number) => void = () => {};
  const sent = new Promise<number>((resolve) => {
    tell = resolve;
  });
  const chunk = Buffer.alloc(65_536, " ");
  return {
    sent,
    answer(res) {
      let bytes = 0;
      const write = () => {
        while (!res.destroyed) {
          bytes += chunk.length;
          if (!res.write(chunk)) return;
        }
      };
      res.on("close", () => tell(bytes));
      res.on("drain", write);
      res.writeHead(200, { "content-type": "application/json" });
      write();
    },
  };
}

describe.each(PATHS)("%s", (path) => {
  it("that never stops sending is cut off after little more than 1 MB", async () => {
    const app = await startHostileApp(options);
    const { answer, sent } = endless();
    app.provider.lie(at(path, answer));
    expect((await app.signIn()).status).toBe(502);
    // What lies in the buffers of both ends' sockets counts too.
    expect(await sent).toBeLessThan(12_000_000);
    expect((await new Browser().request(`${app.rp.url}/`)).body).toBe("public");
  });

  it("that drips one byte at a time does not outlive the timeout", async () => {
    const app = await startHostileApp(options);
    const timers: NodeJS.Timeout[] = [];
    app.provider.lie(
      at(path, (res) => {
        res.writeHead(200, { "content-type": "application/json" });
        timers.push(setInterval(() => res.write(" "), 20));
      }),
    );
    const begun = performance.now();
    expect((await app.signIn()).status).toBe(504);
    expect(performance.now() - begun).toBeLessThan(5_000);
    timers.forEach(clearInterval);
  });

  it("that is slow but in time is waited for", async () => {
    const app = await startHostileApp({ ...options, backchannelTimeout: 5 });
    app.provider.lie({
      respond: (asked, _req, res) => {
        if (asked === path) {
          // The answer is the provider's own; its end alone is late.
          const end = res.end.bind(res) as (body?: unknown) => ServerResponse;
          res.end = ((body?: unknown) => {
            setTimeout(() => end(body), 100);
            return res;
          }) as typeof res.end;
        }
        return false;
      },
    });
    expect((await app.signIn()).body).toEqual(alice);
  });
});

describe.each(["/jwks", "/token", "/userinfo"])("a redirect of %s", (path) => {
  it.each([301, 302, 303, 307, 308])("with %i is not followed, within the origin either", async (status) => {
    const app = await startHostileApp(options);
    app.provider.lie(at(path, (res) => res.writeHead(status, { location: "/elsewhere" }).end()));
    expect((await app.signIn()).status).toBe(502);
    expect(count(app, "/elsewhere")).toBe(0);
  });
});

describe("a userinfo endpoint", () => {
  it.each<[string, number, (res: ServerResponse) => void]>([
    ["401", 502, (res) => res.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end()],
    ["403", 502, (res) => sendJson(res, 403, '{"error":"insufficient_scope"}')],
    ["500", 502, (res) => res.writeHead(500).end("oops")],
    ["204", 502, (res) => res.writeHead(204).end()],
    ["HTML", 502, (res) => res.writeHead(200, { "content-type": "text/html" }).end("<h1>hello</h1>")],
    ["JSON that is none", 502, (res) => sendJson(res, 200, "{")],
    ["a list", 502, (res) => sendJson(res, 200, "[]")],
    ["null", 502, (res) => sendJson(res, 200, "null")],
    ["no sub", 502, (res) => sendJson(res, 200, '{"email":"a@example.com"}')],
    ["another user", 502, (res) => sendJson(res, 200, '{"sub":"mallory"}')],
    ["what claims to be a JWT", 502, (res) => res.writeHead(200, { "content-type": "application/jwt" }).end("a.b.c")],
    ["silence", 504, () => {}],
    ["a cut connection", 503, (res) => void res.socket?.destroy()],
  ])("that answers with %s ends in %i, and nobody is signed in", async (_name, status, answer) => {
    const app = await startHostileApp(options);
    app.provider.lie(at("/userinfo", answer));
    const browser = new Browser();
    expect((await browser.signIn(`${app.rp.url}/login?returnUrl=/who`)).status).toBe(status);
    expect((await browser.fetch(`${app.rp.url}/who`)).body).toBe("null");
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
  });
});
