import { generateKeyPairSync, randomUUID } from "node:crypto";
import express from "express";
import { CompactEncrypt, exportSPKI, importJWK } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { createLogoutTokenSigner, LOGOUT_EVENT, postLogoutToken, startRelay } from "../../support/logout-tokens.js";
import { type RelyingParty, type RelyingPartySettings, startRelyingParty } from "../../support/relying-party.js";
import { type Answer, send } from "../../support/send.js";

const relay = await startRelay();
afterAll(() => relay.stop());
const signer = await createLogoutTokenSigner();
const encryption = generateKeyPairSync("rsa", { modulusLength: 2048 });
const fixture = useTestIdp({
  clients: [
    {
      client_id: "logout_client",
      client_secret: "secret",
      redirect_uris: ["https://app.test/signin-oidc"],
      post_logout_redirect_uris: ["https://app.test/signout-callback-oidc"],
      backchannel_logout_uri: relay.url,
      backchannel_logout_session_required: true,
    },
    {
      client_id: "user_logout_client",
      client_secret: "secret",
      redirect_uris: ["https://app.test/signin-oidc"],
      backchannel_logout_uri: relay.url,
    },
    {
      client_id: "encrypted_logout_client",
      client_secret: "secret",
      redirect_uris: ["https://app.test/signin-oidc"],
      backchannel_logout_uri: relay.url,
      backchannel_logout_session_required: true,
      jwks: { keys: [{ ...encryption.publicKey.export({ format: "jwk" }), use: "enc" }] },
      id_token_encrypted_response_alg: "RSA-OAEP",
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
  app.get("/id-token", (req, res) => res.send(req.oidc.getToken("id_token")));
};

async function start(
  options: RelyingPartySettings["options"] = {},
  settings: RelyingPartySettings = {},
): Promise<RelyingParty> {
  const rp = await fixture.start({
    routes,
    ...settings,
    options: { clientId: "logout_client", saveTokens: ["id_token"], fetch: signer.fetch(), ...options },
  });
  relay.target = `${rp.url}/backchannel-logout`;
  return rp;
}

async function signIn(rp: RelyingParty, username = "alice"): Promise<Browser> {
  const browser = new Browser();
  const page = await browser.signIn(`${rp.url}/login?returnUrl=${new URL(rp.url).pathname.replace(/\/$/, "")}/who`, {
    username,
  });
  expect(page.body).toBe(username);
  return browser;
}

const who = async (rp: RelyingParty, browser: Browser) => (await browser.request(`${rp.url}/who`)).body;

async function sidOf(rp: RelyingParty, browser: Browser): Promise<string> {
  const token = (await browser.request(`${rp.url}/id-token`)).body;
  const { sid } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid: string };
  expect(sid).toBeTypeOf("string");
  return sid;
}

const time = () => Math.floor(Date.now() / 1000);

/** Claims of a good token; a test changes one. */
function good(sid: string | undefined): Record<string, unknown> {
  const iat = time();
  return { iss: fixture.idp.issuer, aud: "logout_client", iat, exp: iat + 120, jti: randomUUID(), sid };
}

function expectDone(answer: Answer): void {
  expect([answer.status, answer.body]).toEqual([200, ""]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
}

function expectRefused(answer: Answer, error = "invalid_request"): void {
  expect(answer.status).toBe(400);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(JSON.parse(answer.body)).toEqual({ error, error_description: expect.stringMatching(/^[ !#-[\]-~]+$/) });
}

describe("a logout at the provider", () => {
  it("ends the session of the app that has the same sid, and no other", async () => {
    const rp = await start();
    const [here, elsewhere] = [await signIn(rp), await signIn(rp)];
    relay.answers.length = 0;
    await here.submit(await here.open(`${fixture.idp.issuer}/connect/endsession`), { logout: "yes" });
    expect(relay.answers.map(({ status, body }) => [status, body])).toEqual([[200, ""]]);
    expect([await who(rp, here), await who(rp, elsewhere)]).toEqual(["nobody", "alice"]);
  });

  it("ends all sessions of the user where the provider names the user alone, and no one else's", async () => {
    const rp = await start({ clientId: "user_logout_client" });
    const [here, elsewhere, other] = [await signIn(rp), await signIn(rp), await signIn(rp, "bob")];
    relay.answers.length = 0;
    await here.submit(await here.open(`${fixture.idp.issuer}/connect/endsession`), { logout: "yes" });
    expect(relay.answers.map(({ status }) => status)).toEqual([200]);
    expect([await who(rp, here), await who(rp, elsewhere), await who(rp, other)]).toEqual(["nobody", "nobody", "bob"]);
  });
});

describe("an encrypted logout token", () => {
  const options = { clientId: "encrypted_logout_client", idTokenDecryptionKeys: encryption.privateKey };
  const encrypted = (text: string, key = encryption.publicKey) =>
    new CompactEncrypt(Buffer.from(text)).setProtectedHeader({ alg: "RSA-OAEP", enc: "A256GCM" }).encrypt(key);

  it("as the provider sends it to a client whose ID tokens are encrypted, ends the session", async () => {
    const rp = await start(options);
    const [here, elsewhere] = [await signIn(rp), await signIn(rp)];
    relay.answers.length = 0;
    await here.submit(await here.open(`${fixture.idp.issuer}/connect/endsession`), { logout: "yes" });
    expect(relay.answers.map(({ status, body }) => [status, body])).toEqual([[200, ""]]);
    expect([await who(rp, here), await who(rp, elsewhere)]).toEqual(["nobody", "alice"]);
  });

  it("that holds no good one, or is for another key, or where no key is set, is 400", async () => {
    const rp = await start(options);
    const browser = await signIn(rp);
    const claims = { ...good(await sidOf(rp, browser)), aud: options.clientId };
    const forged = await signer.sign(claims, {}, (await createLogoutTokenSigner()).privateKey);
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey;
    for (const text of [JSON.stringify(claims), forged]) {
      expectRefused(await postLogoutToken(rp.url, await encrypted(text)));
    }
    const token = await signer.sign(claims);
    expectRefused(await postLogoutToken(rp.url, await encrypted(token, other)));
    const without = await start({ clientId: options.clientId });
    expectRefused(await postLogoutToken(without.url, await encrypted(token)));
    expect(await who(rp, browser)).toBe("alice");
    expectDone(await postLogoutToken(rp.url, await encrypted(token)));
    expect(await who(rp, browser)).toBe("nobody");
  });
});

describe("a logout token", () => {
  it.each<[string, object, object]>([
    ["with sid alone", {}, {}],
    ["with sid and sub", { sub: "alice" }, {}],
    ["with a list as aud", { aud: ["other", "logout_client"] }, {}],
    ["of type application/logout+jwt", {}, { typ: "application/logout+jwt" }],
    ["of type LOGOUT+JWT", {}, { typ: "LOGOUT+JWT" }],
    ["of the type that says nothing, JWT", {}, { typ: "JWT" }],
    ["without a type", {}, { typ: undefined }],
    ["without a kid", {}, { kid: undefined }],
    ["with a clock that is 30 s ahead", { iat: time() + 30, exp: time() + 150 }, {}],
    ["with a clock that is 30 s behind", { iat: time() - 150, exp: time() - 30 }, {}],
    ["with something in its event", { events: { [LOGOUT_EVENT]: { more: true }, other: {} } }, {}],
  ])("%s ends the session", async (_name, claims, header) => {
    const rp = await start();
    const [browser, other] = [await signIn(rp), await signIn(rp)];
    expectDone(
      await postLogoutToken(rp.url, await signer.sign({ ...good(await sidOf(rp, browser)), ...claims }, header)),
    );
    expect([await who(rp, browser), await who(rp, other)]).toEqual(["nobody", "alice"]);
  });

  it("is taken with further form parameters, of a body that a parser read before, and below a mount path", async () => {
    const before: RelyingPartySettings["before"] = (app) => app.use(express.urlencoded({ extended: false }));
    const rp = await start({}, { before, mountPath: "/sub" });
    const browser = await signIn(rp);
    const token = await signer.sign(good(await sidOf(rp, browser)));
    expectDone(await postLogoutToken(rp.url, token, { unknown: "x" }));
    expect(await who(rp, browser)).toBe("nobody");
  });

  it("of a session that nobody has here is done", async () => {
    const rp = await start();
    expectDone(await postLogoutToken(rp.url, await signer.sign(good("unknown"))));
  });

  describe("that is not good", () => {
    let rp: RelyingParty;
    let browser: Browser;
    let sid = "";
    beforeAll(async () => {
      rp = await startRelyingParty(fixture.idp, {
        routes,
        options: { clientId: "logout_client", saveTokens: ["id_token"], fetch: signer.fetch() },
      });
      browser = await signIn(rp);
      sid = await sidOf(rp, browser);
    });

    afterAll(() => rp.stop());

    async function expectKept(token: string): Promise<void> {
      const answer = await postLogoutToken(rp.url, token);
      expectRefused(answer);
      expect(await who(rp, browser)).toBe("alice");
      if (token.length > 20) expect(rp.log.join() + answer.body).not.toContain(token.slice(-20));
    }

    it.each<[string, object]>([
      ["no iss", { iss: undefined }],
      ["another iss", { iss: "https://evil.example" }],
      ["an iss that is a list", { iss: ["https://evil.example"] }],
      ["no aud", { aud: undefined }],
      ["another aud", { aud: "other_client" }],
      ["a list of other aud", { aud: ["other_client"] }],
      ["no exp", { exp: undefined }],
      ["an exp that is over", { iat: time() - 200, exp: time() - 90 }],
      ["an exp that is a text", { exp: "9999999999" }],
      ["no iat", { iat: undefined }],
      ["an iat that is too old, for all its exp", { iat: time() - 400, exp: time() + 1_000 }],
      ["an iat in the future", { iat: time() + 120, exp: time() + 240 }],
      ["an nbf in the future", { nbf: time() + 120 }],
      ["an nbf that is a text", { nbf: "0" }],
      ["no jti", { jti: undefined }],
      ["an empty jti", { jti: "" }],
      ["no events", { events: undefined }],
      ["another event", { events: { "http://schemas.openid.net/event/other": {} } }],
      ["an event that is no object", { events: { [LOGOUT_EVENT]: true } }],
      ["events that are a list", { events: [LOGOUT_EVENT] }],
      ["events that are null", { events: null }],
      ["a nonce", { nonce: "n" }],
      ["a nonce that is null", { nonce: null }],
      ["neither sub nor sid", { sid: undefined }],
      ["an empty sid", { sid: "" }],
      ["a sid that is a number", { sid: 1 }],
      ["a sub that is a list", { sub: ["alice"] }],
    ])("(%s) is 400, and the session stays", async (_name, claims) => {
      await expectKept(await signer.sign({ ...good(sid), ...claims }));
    });

    it.each<[string, object]>([
      ["another purpose", { typ: "at+jwt" }],
      ["a purpose of its own", { typ: "dpop+jwt" }],
      ["a type that is no text", { typ: 1 }],
      ["a kid that is no text", { kid: 7 }],
    ])("(%s in the header) is 400, and the session stays", async (_name, header) => {
      await expectKept(await signer.sign(good(sid), header));
    });

    it("(a critical extension) is 400, and the session stays", async () => {
      const [, payload, signature] = (await signer.sign(good(sid))).split(".");
      const header = { alg: "ES256", kid: "own", crit: ["exp"], exp: 1 };
      await expectKept(`${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`);
    });

    it("(another key under a known kid) is 400, and the session stays", async () => {
      const foreign = await createLogoutTokenSigner("own");
      await expectKept(await foreign.sign(good(sid)));
    });

    it("(another key under a kid of its own, or none) is 400, and the session stays", async () => {
      const foreign = await createLogoutTokenSigner("foreign");
      await expectKept(await foreign.sign(good(sid)));
      await expectKept(await foreign.sign(good(sid), { kid: undefined }));
    });

    it("(no signature, alg none) is 400, and the session stays", async () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const payload = part({ events: { [LOGOUT_EVENT]: {} }, ...good(sid) });
      await expectKept(`${part({ alg: "none" })}.${payload}.`);
      await expectKept(`${part({ alg: "none", typ: "logout+jwt" })}.${payload}.AAAA`);
    });

    it("(signed with a shared secret, or with the public key as one) is 400, and the session stays", async () => {
      const secret = new TextEncoder().encode("secret".padEnd(32, "0"));
      await expectKept(await signer.sign(good(sid), { alg: "HS256" }, secret));
      const pem = await exportSPKI((await importJWK(signer.jwk, "ES256")) as CryptoKey);
      await expectKept(await signer.sign(good(sid), { alg: "HS256" }, new TextEncoder().encode(pem)));
    });

    it("(changed after it was signed) is 400, and the session stays", async () => {
      const [header, , signature] = (await signer.sign(good("other"))).split(".");
      const payload = Buffer.from(JSON.stringify({ events: { [LOGOUT_EVENT]: {} }, ...good(sid) }));
      await expectKept(`${header}.${payload.toString("base64url")}.${signature}`);
    });

    it("(the session's own ID token) is 400, and the session stays", async () => {
      await expectKept((await browser.request(`${rp.url}/id-token`)).body);
    });

    it.each(["", "x", "a.b", "a.b.c", "....", "e30.e30.AA", "bnVsbA.bnVsbA.AA", "W10.W10.AA", "a.b.c.d.e", "€.€.€"])(
      "(%j) is 400, and the session stays",
      expectKept,
    );

    it("(longer than any is) is 400, and the session stays", async () => {
      await expectKept(await signer.sign({ ...good(sid), more: "x".repeat(20_000) }));
    });
  });

  it("counts once", async () => {
    const rp = await start();
    const [first, second] = [await signIn(rp), await signIn(rp)];
    const token = await signer.sign(good(await sidOf(rp, first)));
    expectDone(await postLogoutToken(rp.url, token));
    expectRefused(await postLogoutToken(rp.url, token));
    expect(rp.log.join()).toContain("ERR_OIDC_LOGOUT_TOKEN_REPLAYED");
    expectDone(await postLogoutToken(rp.url, await signer.sign(good(await sidOf(rp, second)))));
  });

  it("with sub alone leaves sessions that began after it was issued, and other users'", async () => {
    let offset = 0;
    const rp = await start({ now: () => Date.now() / 1000 + offset });
    const [earlier, other] = [await signIn(rp), await signIn(rp, "bob")];
    offset = 200;
    const later = await signIn(rp);
    const iat = time() + 100;
    const claims = { ...good(undefined), sub: "alice", iat, exp: iat + 200 };
    expectDone(await postLogoutToken(rp.url, await signer.sign(claims)));
    expect([await who(rp, earlier), await who(rp, later), await who(rp, other)]).toEqual(["nobody", "alice", "bob"]);
  });

  it("with sub alone that comes late leaves sessions that began since", async () => {
    const rp = await start();
    const browser = await signIn(rp);
    const iat = time() - 10;
    expectDone(await postLogoutToken(rp.url, await signer.sign({ ...good(undefined), sub: "alice", iat })));
    expect(await who(rp, browser)).toBe("alice");
  });

  it("with sub alone lets no session slip through where the provider's clock is behind", async () => {
    const rp = await start({ now: () => Date.now() / 1000 + 30 });
    const browser = await signIn(rp);
    expectDone(await postLogoutToken(rp.url, await signer.sign({ ...good(undefined), sub: "alice" })));
    expect(await who(rp, browser)).toBe("nobody");
    await browser.signIn(`${rp.url}/login?returnUrl=/who`);
    expect(await who(rp, browser)).toBe("alice");
  });

  it("of another user, or another issuer's user of the same name, ends nothing", async () => {
    const rp = await start();
    const browser = await signIn(rp);
    expectDone(await postLogoutToken(rp.url, await signer.sign({ ...good(undefined), sub: "carol" })));
    expect(await who(rp, browser)).toBe("alice");
  });

  it("that is refused a while after it expired need not be remembered", async () => {
    let offset = 0;
    const rp = await start({ now: () => Date.now() / 1000 + offset });
    const token = await signer.sign(good("any"));
    expectDone(await postLogoutToken(rp.url, token));
    for (offset of [100, 179, 181, 182, 183, 240]) expectRefused(await postLogoutToken(rp.url, token));
  });
});

describe("a back-channel logout request", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };

  it.each(["GET", "PUT", "DELETE", "OPTIONS"])("by %s is 405", async (method) => {
    const rp = await start();
    const answer = await send(`${rp.url}/backchannel-logout`, { method });
    expect([answer.status, answer.headers.get("allow"), answer.headers.get("cache-control")]).toEqual([
      405,
      "POST",
      "no-store",
    ]);
  });

  it.each<[string, RequestInit]>([
    ["without a body", { headers: form }],
    ["without the token", { headers: form, body: "token=x" }],
    ["with an empty token", { headers: form, body: "logout_token=" }],
    ["with two tokens", { headers: form, body: "logout_token=a&logout_token=b" }],
    ["with broken escapes", { headers: form, body: "logout_token=%zz" }],
    ["as JSON", { headers: { "content-type": "application/json" }, body: '{"logout_token":"x"}' }],
    ["as plain text", { headers: { "content-type": "text/plain" }, body: "logout_token=x" }],
    ["without a type", { body: "logout_token=x" }],
    ["that is large", { headers: form, body: `logout_token=${"x".repeat(100_000)}` }],
    ["with a name of the prototype", { headers: form, body: "__proto__=x&constructor=y" }],
  ])("%s is 400", async (_name, init) => {
    const rp = await start();
    expectRefused(await send(`${rp.url}/backchannel-logout`, { method: "POST", ...init }));
    expect(rp.errors).toEqual([]);
  });

  it("that cannot be good, whatever the keys, asks the provider nothing", async () => {
    const seen: string[] = [];
    const rp = await start({ fetch: signer.fetch(seen) });
    const secret = new TextEncoder().encode("secret".padEnd(32, "0"));
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const [, payload, signature] = (await signer.sign(good("s"))).split(".");
    const garbage = [
      "x",
      "a.b.c.d.e",
      `${part({ alg: "ES256" })}.W10.AA`,
      `${part({ alg: "none" })}.${payload}.${signature}`,
      `${part({ alg: "ES256", crit: ["x"], x: 1 })}.${payload}.${signature}`,
      `${part({ alg: "ES256", kid: 7 })}.${payload}.${signature}`,
      await signer.sign(good("s"), { alg: "HS256" }, secret),
      await signer.sign(good("s"), { typ: "at+jwt" }),
      await signer.sign({ ...good("s"), aud: "other" }),
      await signer.sign({ ...good("s"), exp: 1 }),
      await signer.sign({ ...good("s"), events: {} }),
      await signer.sign({ ...good("s"), more: "x".repeat(20_000) }),
    ];
    for (const token of garbage) expectRefused(await postLogoutToken(rp.url, token));
    expect(seen).toEqual([]);
    expectRefused(await postLogoutToken(rp.url, await signer.sign({ ...good("s"), iss: "https://evil.example" })));
    expect(seen.filter((url) => url.endsWith("/jwks"))).toEqual([]);
  });

  it("makes the provider's keys fetched a few times at most, however much garbage comes", async () => {
    const seen: string[] = [];
    const rp = await start({ fetch: signer.fetch(seen) });
    const keyFetches = () => seen.filter((url) => url.endsWith("/jwks")).length;
    const foreign = await createLogoutTokenSigner("own");
    for (let at = 0; at < 20; at++) expectRefused(await postLogoutToken(rp.url, await foreign.sign(good("s"))));
    expect(keyFetches()).toBe(1);
    for (let at = 0; at < 100; at++) {
      expectRefused(await postLogoutToken(rp.url, await foreign.sign(good("s"), { kid: `garbage-${at}` })));
    }
    expect(keyFetches()).toBeLessThanOrEqual(6);
    expectDone(await postLogoutToken(rp.url, await signer.sign(good("s"))));
  });

  it("leaves sign-ins their own allowance of key fetches", async () => {
    const rp = await start();
    await signIn(rp);
    const foreign = await createLogoutTokenSigner("own");
    for (let at = 0; at < 20; at++) {
      await postLogoutToken(rp.url, await foreign.sign(good("s"), { kid: `garbage-${at}` }));
    }
    fixture.idp.rotateKeys();
    await signIn(rp);
  });

  it("that comes while the provider's keys cannot be had is 400, asks for them once, and works later", async () => {
    let offset = 0;
    let isDown = true;
    const seen: string[] = [];
    const healthy = signer.fetch(seen);
    const rp = await start({
      now: () => Date.now() / 1000 + offset,
      fetch: (url, init) => {
        if (!isDown || !String(url).endsWith("/jwks")) return healthy(url, init);
        seen.push(String(url));
        return Promise.reject(new Error("down"));
      },
    });
    const token = await signer.sign(good("s"));
    for (let at = 0; at < 10; at++) expectRefused(await postLogoutToken(rp.url, token), "temporarily_unavailable");
    expect(seen.filter((url) => url.endsWith("/jwks"))).toHaveLength(1);
    isDown = false;
    offset = 10;
    expectDone(await postLogoutToken(rp.url, token));
  });

  it("with a key that the provider has since the last fetch is good", async () => {
    const fresh = await createLogoutTokenSigner("fresh");
    let isPublished = false;
    const rp = await start({
      fetch: (url, init) => (isPublished ? fresh : signer).fetch()(url, init),
    });
    expectDone(await postLogoutToken(rp.url, await signer.sign(good("s"))));
    isPublished = true;
    expectDone(await postLogoutToken(rp.url, await fresh.sign(good("s"))));
  });

  it("goes to the app where backchannelLogoutPath is false or another", async () => {
    const rp = await start(
      { backchannelLogoutPath: false },
      { routes: (app) => app.post("/backchannel-logout", (_req, res) => res.send("own")) },
    );
    expect((await postLogoutToken(rp.url, "x")).body).toBe("own");
    const other = await start({ backchannelLogoutPath: "/bcl" });
    expect((await postLogoutToken(other.url, "x")).status).toBe(404);
    expectRefused(await send(`${other.url}/bcl`, { method: "POST", headers: form, body: "logout_token=x" }));
  });
});

describe("onBackchannelLogout", () => {
  it("is told whose sessions end, after the token is verified alone", async () => {
    const told: unknown[] = [];
    const rp = await start({
      events: {
        onBackchannelLogout: ({ scheme, issuer, subject, providerSessionId, claims }) =>
          told.push({ scheme, issuer, subject, providerSessionId, jti: claims["jti"] }),
      },
    });
    expectRefused(await postLogoutToken(rp.url, await signer.sign({ ...good("s"), nonce: "n" })));
    expect(told).toEqual([]);
    const claims = { ...good("s"), sub: "alice" };
    expectDone(await postLogoutToken(rp.url, await signer.sign(claims)));
    expect(told).toEqual([
      {
        scheme: "oidc",
        issuer: fixture.idp.issuer,
        subject: "alice",
        providerSessionId: "s",
        jti: (claims as Record<string, unknown>)["jti"],
      },
    ]);
  });

  it("that fails, or throws, is 400 and keeps the session; the provider may come again", async () => {
    let trouble: "fail" | "throw" | undefined = "fail";
    const rp = await start({
      events: {
        onBackchannelLogout: (context) => {
          if (trouble === "throw") throw new Error("hidden detail");
          if (trouble === "fail") context.fail("hidden detail");
        },
      },
    });
    const browser = await signIn(rp);
    const token = await signer.sign(good(await sidOf(rp, browser)));
    for (trouble of ["fail", "throw"] as const) {
      const answer = await postLogoutToken(rp.url, token);
      expectRefused(answer, "temporarily_unavailable");
      expect(answer.body).not.toContain("hidden");
      expect(await who(rp, browser)).toBe("alice");
    }
    trouble = undefined;
    expectDone(await postLogoutToken(rp.url, token));
    expect(await who(rp, browser)).toBe("nobody");
  });

  it("that handles it answers itself, and the session stays", async () => {
    const rp = await start({
      events: {
        onBackchannelLogout: (context) => {
          context.res.statusCode = 204;
          context.res.end();
          context.handled();
        },
      },
    });
    const browser = await signIn(rp);
    expect((await postLogoutToken(rp.url, await signer.sign(good(await sidOf(rp, browser))))).status).toBe(204);
    expect(await who(rp, browser)).toBe("alice");
  });
});
