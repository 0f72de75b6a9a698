import type { ServerResponse } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { createKey } from "../../hostile-provider/signer.js";
import { at, count, sendJson, startHostileApp } from "./hostile-app.js";

const alice = expect.stringContaining('"sub":"alice"');
const refreshInterval = 300;

describe("a key rotation", () => {
  it("is followed at the first try, however soon after the keys were fetched, and again at the next", async () => {
    const app = await startHostileApp();
    expect((await app.signIn()).body).toEqual(alice);
    for (let fetches = 2; fetches <= 4; fetches++) {
      app.provider.rotate();
      expect((await app.signIn()).body).toEqual(alice);
      expect(count(app, "/jwks")).toBe(fetches);
    }
  });

  it("costs one fetch for many sign-ins at once", async () => {
    const app = await startHostileApp();
    await app.signIn();
    app.provider.rotate();
    const pages = await Promise.all(Array.from({ length: 10 }, app.signIn));
    expect(pages.map(({ body }) => body)).toEqual(Array(10).fill(alice));
    expect(count(app, "/jwks")).toBe(2);
  });

  it("to another kind of key under the same kid is followed too", async () => {
    const app = await startHostileApp();
    const key = createKey("RS256");
    app.provider.rotate(key);
    await app.signIn();
    const next = createKey("ES256");
    app.provider.rotate({ ...next, kid: key.kid, jwk: { ...next.jwk, kid: key.kid } });
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("while the key set fails once costs that sign-in alone", async () => {
    const app = await startHostileApp();
    await app.signIn();
    app.provider.rotate();
    app.provider.lie(at("/jwks", (res) => res.writeHead(500).end()));
    expect((await app.signIn()).status).toBe(400);
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
  });
});

describe("an unknown kid", () => {
  it("is fetched for once, and not again within refreshInterval", async () => {
    const app = await startHostileApp({ refreshInterval });
    await app.signIn();
    app.provider.lie({ header: (header) => ({ ...header, kid: "one" }) });
    for (let i = 0; i < 4; i++) expect((await app.signIn()).status).toBe(400);
    expect(count(app, "/jwks")).toBe(2);
    app.provider.lie({ header: (header) => ({ ...header, kid: "another" }) });
    for (let i = 0; i < 4; i++) expect((await app.signIn()).status).toBe(400);
    expect(count(app, "/jwks")).toBe(3);
  });

  it("of many has an end to its fetches, which a new interval begins anew", async () => {
    const app = await startHostileApp({ refreshInterval });
    await app.signIn();
    let round = 0;
    app.provider.lie({ header: (header) => ({ ...header, kid: `unknown-${round++}` }) });
    for (let i = 0; i < 12; i++) await app.signIn();
    expect(count(app, "/jwks")).toBe(6);
    app.provider.lie({});
    expect((await app.signIn()).body).toEqual(alice);
    app.clock.ahead = refreshInterval - 10;
    app.provider.rotate();
    expect((await app.signIn()).status).toBe(400);
    app.clock.ahead = refreshInterval + 10;
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("is fetched for again after the clock was set back", async () => {
    const app = await startHostileApp({ refreshInterval });
    app.clock.ahead = 3_600;
    await app.signIn();
    let round = 0;
    app.provider.lie({ header: (header) => ({ ...header, kid: `unknown-${round++}` }) });
    for (let i = 0; i < 6; i++) await app.signIn();
    app.clock.ahead = 0;
    app.provider.lie({});
    app.provider.rotate();
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("of a provider that is down has the same end", async () => {
    const app = await startHostileApp({ refreshInterval });
    await app.signIn();
    app.provider.rotate();
    app.provider.lie(at("/jwks", (res) => res.writeHead(503).end()));
    for (let i = 0; i < 12; i++) expect((await app.signIn()).status).toBe(400);
    expect(count(app, "/jwks")).toBe(6);
  });
});

describe("a key set", () => {
  it("is good for the keys in it that verify, whatever else stands there", async () => {
    const app = await startHostileApp();
    const other = createKey();
    app.provider.lie({
      keys: (keys) => [
        null,
        "key",
        {},
        { kty: "oct", k: "c2VjcmV0", kid: keys[0]?.["kid"] },
        { kty: "NEW", kid: "new" },
        { ...other.jwk, ...other.privateKey.export({ format: "jwk" }) },
        ...keys,
      ],
    });
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("may give several keys one kid: the token is of one of them, or of none", async () => {
    const app = await startHostileApp();
    const [old, key] = [createKey(), createKey()];
    const namesake = { ...old.jwk, kid: key.kid };
    app.provider.rotate(key);
    app.provider.lie({ keys: (keys) => [namesake, ...keys] });
    expect((await app.signIn()).body).toEqual(alice);
    app.provider.lie({ keys: (keys) => [namesake, ...keys], key: () => ({ ...createKey(), kid: key.kid }) });
    expect((await app.signIn()).status).toBe(400);
  });

  it("does not make a proof of a key whose private half it publishes", async () => {
    const app = await startHostileApp();
    const key = createKey();
    app.provider.rotate(key);
    app.provider.lie({
      keys: () => [createKey("ES256").jwk, { ...key.jwk, ...key.privateKey.export({ format: "jwk" }) }],
    });
    expect((await app.signIn()).status).toBe(400);
  });

  it.each(["Ed25519", "EdDSA", undefined])(
    "names the algorithm of an Ed25519 key %s, and its tokens EdDSA",
    async (alg) => {
      const app = await startHostileApp({}, { alg: "EdDSA" });
      app.provider.lie({ keys: (keys) => keys.map((key) => ({ ...key, alg })) });
      expect((await app.signIn()).body).toEqual(alice);
    },
  );
});

describe("a good key set", () => {
  it.each<[string, (res: ServerResponse) => void]>([
    ["500", (res) => res.writeHead(500).end()],
    ["a redirect", (res) => res.writeHead(302, { location: "/elsewhere" }).end()],
    ["HTML", (res) => res.writeHead(200, { "content-type": "text/html" }).end("<p>")],
    ["no list", (res) => sendJson(res, 200, '{"keys":"x"}')],
    ["an empty list", (res) => sendJson(res, 200, '{"keys":[]}')],
    ["a list of nothing", (res) => sendJson(res, 200, '{"keys":[null]}')],
    ["a key without a type", (res) => sendJson(res, 200, '{"keys":[{}]}')],
    ["a key without its numbers", (res) => sendJson(res, 200, '{"keys":[{"kty":"RSA","kid":"x"}]}')],
    ["a symmetric key alone", (res) => sendJson(res, 200, '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')],
    [
      "encryption keys alone",
      (res) => sendJson(res, 200, JSON.stringify({ keys: [{ ...createKey().jwk, use: "enc" }] })),
    ],
    [
      "private keys alone",
      (res) => {
        const { jwk, privateKey } = createKey();
        sendJson(res, 200, JSON.stringify({ keys: [{ ...jwk, ...privateKey.export({ format: "jwk" }) }] }));
      },
    ],
    [
      "a key that is too short to be safe",
      (res) => sendJson(res, 200, '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}'),
    ],
    ["keys of a type that nobody knows", (res) => sendJson(res, 200, '{"keys":[{"kty":"NEW","kid":"x"}]}')],
    ["10 MB", (res) => sendJson(res, 200, `{"keys":"${"x".repeat(10_485_760)}"}`)],
    ["silence", () => {}],
  ])("stays when what would replace it is %s", async (_name, answer) => {
    const app = await startHostileApp({ backchannelTimeout: 0.3 });
    const old = createKey();
    app.provider.rotate(old);
    expect((await app.signIn()).body).toEqual(alice);
    app.provider.lie(at("/jwks", answer));
    app.provider.rotate();
    expect((await app.signIn()).status).toBe(400);
    expect(count(app, "/jwks")).toBe(2);
    // The set at hand still verifies what its keys signed, with the bad one still being served.
    app.provider.rotate(old);
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("stays when new metadata moves it to where there is none, and follows when there is one", async () => {
    const app = await startHostileApp({ automaticRefreshInterval: 600, refreshInterval });
    await app.signIn();
    app.clock.ahead = 700;
    app.provider.lie({ metadata: (document) => ({ ...document, jwks_uri: `${document["issuer"]}/moved` }) });
    await app.signIn();
    await vi.waitFor(() => expect(count(app, "/.well-known/openid-configuration")).toBe(2));
    expect((await app.signIn()).body).toEqual(alice);
    await vi.waitFor(() => expect(count(app, "/moved")).toBe(1));
    expect((await app.signIn()).body).toEqual(alice);
    const key = createKey();
    app.provider.rotate(key);
    app.provider.lie(at("/moved", (res) => sendJson(res, 200, JSON.stringify({ keys: [key.jwk] }))));
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("that has aged is renewed behind the sign-in's back: nobody waits", async () => {
    const app = await startHostileApp({ refreshInterval });
    await app.signIn();
    app.clock.ahead = refreshInterval + 1;
    app.provider.lie(at("/jwks", () => {}));
    expect((await app.signIn()).body).toEqual(alice);
    expect((await app.signIn()).body).toEqual(alice);
    expect(count(app, "/jwks")).toBe(2);
  });
});
