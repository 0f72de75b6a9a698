import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { RequestOidc } from "add-openid-connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { listen, type RelyingPartySettings, stop } from "../../support/relying-party.js";
import { claimsOf } from "../../support/token-forge.js";
import { createClock, isRefresh, refreshes, signedIn, startWithTokens } from "./relying-party-with-tokens.js";

const fixture = useTestIdp({ lifetimes: { accessToken: 300 } });
const clock = createClock();
beforeEach(() => {
  clock.ahead = 0;
});

let apis: Server[] = [];
afterEach(async () => {
  await Promise.all(apis.map(stop));
  apis = [];
});

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An API, and what it was asked. */
async function startApi(answer: (seen: Seen, count: number, res: Parameters<RequestListener>[1]) => void) {
  const seen: Seen[] = [];
  const server = createServer(async (req, res) => {
    const entry = { path: req.url ?? "", headers: req.headers, body: await text(req) };
    seen.push(entry);
    answer(entry, seen.length, res);
  });
  apis.push(server);
  return { seen, url: `http://localhost:${await listen(server)}/api` };
}

const start = (
  call: (oidc: RequestOidc) => Promise<Response>,
  options: RelyingPartySettings["options"] = {},
  routes?: RelyingPartySettings["routes"],
) =>
  startWithTokens(fixture, clock, {
    options,
    routes: (app) => {
      app.get("/call", async (req, res) => {
        const answer = await call(req.oidc);
        res.status(answer.status).send(await answer.text());
      });
      routes?.(app);
    },
  });

describe("req.oidc.fetch", () => {
  it("sends a body again with a new token after a 401, and not a third time", async () => {
    const { seen, url } = await startApi((_seen, _count, res) => res.writeHead(401).end("no"));
    const rp = await start((oidc) => oidc.fetch(url, { method: "POST", body: "order", headers: { "x-own": "1" } }));
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    const { status, body } = await browser.fetch(`${rp.url}/call`);
    expect([status, body, refreshes(fixture.idp) - before]).toEqual([401, "no", 1]);
    expect(seen.map((entry) => [entry.body, entry.headers["x-own"]])).toEqual([
      ["order", "1"],
      ["order", "1"],
    ]);
    expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(2);
  });

  it("does not send a stream again: it has been read", async () => {
    const { seen, url } = await startApi((_seen, _count, res) => res.writeHead(401).end("no"));
    const rp = await start((oidc) =>
      oidc.fetch(url, { method: "POST", body: new Blob(["order"]).stream(), duplex: "half" } as RequestInit),
    );
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/call`)).status).toBe(401);
    expect(seen.map(({ body }) => body)).toEqual(["order"]);
  });

  it.each([false, true])("takes a Request, and sends it again where it has no body (dPoP: %s)", async (dPoP) => {
    const { seen, url } = await startApi((_seen, _count, res) => res.writeHead(401).end("no"));
    const requests: readonly (readonly [Request, RequestInit?])[] = [
      [new Request(url, { method: "DELETE", headers: { "x-own": "1" } })],
      [new Request(url, { method: "POST", body: "order", headers: { "x-own": "1", authorization: "Basic x" } })],
      [new Request(url, { method: "POST", body: "order" }), { headers: { "x-own": "2" } }],
    ];
    for (const [at, expected] of [["1", "1"], ["1"], ["2"]].entries()) {
      const [input = new Request(url), init] = requests[at] ?? [];
      const rp = await start((oidc) => oidc.fetch(input, init), { dPoP });
      const browser = await signedIn(rp);
      seen.length = 0;
      const { status, body } = await browser.fetch(`${rp.url}/call`);
      expect([status, body]).toEqual([401, "no"]);
      expect(seen.map(({ headers }) => headers["x-own"])).toEqual(expected);
      expect(seen.map((entry) => entry.body)).toEqual(at === 0 ? ["", ""] : ["order"]);
      expect(seen[0]?.headers.authorization).toMatch(dPoP ? /^DPoP / : /^Bearer /);
    }
  });

  it.each([false, true])(
    "sends a body that Node streams, and heeds no credentials of its own (dPoP: %s)",
    async (dPoP) => {
      const { seen, url } = await startApi((_seen, _count, res) => res.end());
      const init = () => ({
        method: "POST",
        body: Readable.from([Buffer.from("order")]) as unknown as ReadableStream,
        duplex: "half",
        headers: { authorization: "Basic x", dpop: "x" },
      });
      const rp = await start((oidc) => oidc.fetch(url, init()), { dPoP });
      const browser = await signedIn(rp);
      expect((await browser.fetch(`${rp.url}/call`)).status).toBe(200);
      expect(seen.map(({ body, headers }) => [body, headers.authorization?.split(" ")[0]])).toEqual([
        ["order", dPoP ? "DPoP" : "Bearer"],
      ]);
    },
  );

  it("refreshes once when an API refuses one token to many at a time", async () => {
    let refused: string | undefined;
    const { url } = await startApi(({ headers }, _count, res) => {
      refused ??= headers.authorization;
      res.writeHead(headers.authorization === refused ? 401 : 200).end();
    });
    const rp = await start((oidc) => oidc.fetch(url));
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    const pages = await Promise.all(
      Array.from({ length: 20 }, () => new Browser(browser.jar.clone()).fetch(`${rp.url}/call`)),
    );
    expect(pages.filter(({ status }) => status !== 200)).toEqual([]);
    expect(refreshes(fixture.idp)).toBe(before + 1);
  });

  it("refreshes once for calls side by side in one request, whichever is refused last", async () => {
    let refused: string | undefined;
    let renewed = () => {};
    const isRenewed = new Promise<void>((resolve) => {
      renewed = resolve;
    });
    const { url } = await startApi(async ({ headers, path }, _count, res) => {
      refused ??= headers.authorization;
      const isRefused = headers.authorization === refused;
      if (!isRefused) renewed();
      // The second call hears of its refusal when the first has a new token already.
      else if (path.endsWith("2")) await isRenewed;
      res.writeHead(isRefused ? 401 : 200).end();
    });
    const rp = await start(async (oidc) => {
      const answers = await Promise.all([oidc.fetch(url), oidc.fetch(`${url}2`)]);
      return Response.json(answers.map(({ status }) => status));
    });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    expect((await browser.fetch(`${rp.url}/call`)).body).toBe("[200,200]");
    expect(refreshes(fixture.idp)).toBe(before + 1);
  });

  it("gives the API's own 401 back where the token cannot be renewed", async () => {
    for (const fails of [
      async () => new Response("", { status: 500 }),
      async () => Response.json({ error: "invalid_grant" }, { status: 400 }),
    ]) {
      const { seen, url } = await startApi((_seen, _count, res) => res.writeHead(401).end("no"));
      const rp = await start((oidc) => oidc.fetch(url), {
        fetch: async (input, init) => (isRefresh(init) ? fails() : fetch(input, init)),
      });
      const browser = await signedIn(rp);
      const { status, body } = await browser.fetch(`${rp.url}/call`);
      expect([status, body, seen.length]).toEqual([401, "no", 1]);
    }
  });

  it.each([301, 302, 303, 307, 308])("leaves the token out when a %i leads to another origin", async (status) => {
    const other = await startApi((_seen, _count, res) => res.end("other"));
    const own = await startApi(({ path }, _count, res) => {
      if (path === "/api") res.writeHead(status, { location: "/moved" }).end();
      else res.writeHead(status, { location: other.url }).end();
    });
    const rp = await start((oidc) => oidc.fetch(own.url));
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/call`)).body).toBe("other");
    expect(own.seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([true, true]);
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});

describe("with dPoP", () => {
  const proofOf = ({ headers }: Seen) => {
    const proof = String(headers["dpop"]);
    const { jwk } = JSON.parse(Buffer.from(proof.split(".")[0] ?? "", "base64url").toString()) as { jwk: object };
    return { jwk, claims: claimsOf(proof) };
  };

  it("an API gets a proof for its URL, once more with the nonce that it asks for", async () => {
    const { seen, url } = await startApi((_seen, count, res) => {
      if (count > 1) res.end("served");
      else res.writeHead(401, { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "n1" }).end();
    });
    const rp = await start((oidc) => oidc.fetch(url, { method: "POST", body: "order" }), { dPoP: true });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    expect((await browser.fetch(`${rp.url}/call`)).body).toBe("served");
    expect(seen.map(({ body }) => body)).toEqual(["order", "order"]);
    expect(seen[1]?.headers.authorization).toMatch(/^DPoP /);
    const [first, second] = seen.map(proofOf);
    expect(second?.claims).toMatchObject({ htm: "POST", htu: url, nonce: "n1", ath: expect.any(String) });
    expect([first?.claims["nonce"], second?.jwk]).toEqual([undefined, first?.jwk]);
    expect(refreshes(fixture.idp)).toBe(before);
  });

  it("a refresh is proved with the session's key, and so is the new token", async () => {
    const { seen, url } = await startApi((_seen, count, res) =>
      count > 1 ? res.end("served") : res.writeHead(401, { "www-authenticate": 'DPoP error="invalid_token"' }).end(),
    );
    const proofs: string[] = [];
    const rp = await start((oidc) => oidc.fetch(url), {
      dPoP: true,
      fetch: async (input, init) => {
        if (isRefresh(init)) proofs.push(new Headers(init?.headers).get("dpop") ?? "");
        return fetch(input, init);
      },
    });
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/call`)).body).toBe("served");
    expect(proofs).toHaveLength(1);
    const [first, second] = seen.map(proofOf);
    const refresh = proofOf({ path: "", body: "", headers: { dpop: proofs[0] } });
    expect([refresh.jwk, second?.jwk]).toEqual([first?.jwk, first?.jwk]);
    expect(seen[1]?.headers.authorization).not.toBe(seen[0]?.headers.authorization);
  });

  it("a redirect is not followed, for a proof is for one URL", async () => {
    const other = await startApi((_seen, _count, res) => res.end("other"));
    const own = await startApi((_seen, _count, res) => res.writeHead(302, { location: other.url }).end());
    const rp = await start((oidc) => oidc.fetch(own.url), { dPoP: true });
    const browser = await signedIn(rp);
    expect((await browser.fetch(`${rp.url}/call`)).status).toBe(302);
    expect(other.seen).toEqual([]);
  });
});

describe("req.oidc.fetchUserInfo", () => {
  it("asks with a good token, and says what is missing where there is none", async () => {
    const asked: string[] = [];
    const rp = await startWithTokens(fixture, clock, {
      options: {
        fetch: async (url, init) => {
          if (String(url).endsWith("/userinfo")) asked.push(new Headers(init?.headers).get("authorization") ?? "");
          return fetch(url, init);
        },
      },
      routes: (app) => {
        app.get("/info", async (req, res) => res.json(await req.oidc.fetchUserInfo()));
      },
    });
    const browser = await signedIn(rp);
    const before = refreshes(fixture.idp);
    clock.ahead = 290;
    expect(JSON.parse((await browser.fetch(`${rp.url}/info`)).body).sub).toBe("alice");
    expect(refreshes(fixture.idp)).toBe(before + 1);
    expect(asked).toEqual([`Bearer ${(await browser.fetch(`${rp.url}/token`)).body}`]);
    const without = await start(async (oidc) => Response.json(await oidc.fetchUserInfo()), { saveTokens: false });
    expect((await (await signedIn(without)).fetch(`${without.url}/call`)).status).toBe(401);
    expect(without.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_TOKEN_NOT_SAVED" });
  });
});

describe("req.oidc.getClientToken", () => {
  it("serves to its end while the provider is away, and asks again when it is back", async () => {
    let count = 0;
    let isAway = false;
    const rp = await startWithTokens(fixture, clock, {
      options: {
        clientId: "service_client",
        fetch: async (url, init) => {
          if (!String(url).endsWith("/connect/token")) return fetch(url, init);
          count += 1;
          if (isAway) throw new TypeError("fetch failed");
          return Response.json({ access_token: `t${count}`, token_type: "Bearer", expires_in: 300 });
        },
      },
    });
    const page = () => new Browser().fetch(`${rp.url}/client?scope=a`);
    expect((await page()).body).toBe("t1");
    isAway = true;
    clock.ahead = 250;
    expect((await Promise.all([page(), page()])).map(({ body }) => body)).toEqual(["t1", "t1"]);
    clock.ahead = 301;
    expect((await page()).status).toBe(503);
    isAway = false;
    expect((await page()).body).toBe(`t${count}`);
  });

  it("keeps a token for each scope, renews one that lives shortly at half of its life, and names what is refused", async () => {
    const asked: (string | null)[] = [];
    let isRefused = false;
    const rp = await startWithTokens(fixture, clock, {
      options: {
        clientId: "service_client",
        fetch: async (url, init) => {
          if (!String(url).endsWith("/connect/token")) return fetch(url, init);
          asked.push(new URLSearchParams(String(init?.body)).get("scope"));
          if (isRefused) return Response.json({ error: "unauthorized_client" }, { status: 400 });
          return Response.json({ access_token: `t${asked.length}`, token_type: "Bearer", expires_in: 40 });
        },
      },
    });
    const of = async (scope: string) => (await new Browser().fetch(`${rp.url}/client?scope=${scope}`)).body;
    expect([await of("a"), await of("b"), await of("a"), await of("b")]).toEqual(["t1", "t2", "t1", "t2"]);
    clock.ahead = 15;
    expect(await of("a")).toBe("t1");
    clock.ahead = 25;
    expect([await of("a"), await of("a")]).toEqual(["t3", "t3"]);
    expect(asked).toEqual(["a", "b", "a"]);
    isRefused = true;
    expect((await new Browser().fetch(`${rp.url}/client?scope=c`)).status).toBe(502);
    expect(rp.errors.at(-1)).toMatchObject({ message: expect.stringContaining("client credentials grant") });
    isRefused = false;
    expect(await of("c")).toBe("t5");
  });
});
