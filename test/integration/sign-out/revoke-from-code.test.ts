import { type IncomingMessage, request, type Server, ServerResponse } from "node:http";
import session from "express-session";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { type RelyingParty, type RelyingPartySettings, SECRET } from "../../support/relying-party.js";

const fixture = useTestIdp({
  clients: [
    {
      client_id: "sid_client",
      client_secret: "secret",
      redirect_uris: ["https://app.test/signin-oidc"],
      backchannel_logout_uri: "http://localhost:9/unused",
      backchannel_logout_session_required: true,
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
  app.get("/session-id", (req, res) => res.send(req.oidc.sessionId ?? "none"));
  app.get("/id-token", (req, res) => res.send(req.oidc.getToken("id_token")));
  app.post("/own-sign-in", (req, res, next) => {
    req.oidc.signIn({ sub: "alice" }).then(() => res.send("in"), next);
  });
};

const start = (options: RelyingPartySettings["options"] = {}, settings: RelyingPartySettings = {}) =>
  fixture.start({ routes, ...settings, options: { clientId: "sid_client", saveTokens: ["id_token"], ...options } });

async function signIn(rp: RelyingParty, username = "alice"): Promise<Browser> {
  const browser = new Browser();
  await browser.signIn(`${rp.url}/login`, { username });
  expect(await who(rp, browser)).toBe(username);
  return browser;
}

const who = async (rp: RelyingParty, browser: Browser) => (await browser.request(`${rp.url}/who`)).body;

async function sidOf(rp: RelyingParty, browser: Browser): Promise<string> {
  const token = (await browser.request(`${rp.url}/id-token`)).body;
  return (JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid: string }).sid;
}

describe("revoke", () => {
  it("by sessionId ends that session alone", async () => {
    const rp = await start();
    const [one, other] = [await signIn(rp), await signIn(rp)];
    const sessionId = (await one.request(`${rp.url}/session-id`)).body;
    await rp.auth.revoke({ sessionId });
    expect([await who(rp, one), await who(rp, other)]).toEqual(["nobody", "alice"]);
    expect((await one.request(`${rp.url}/session-id`)).body).toBe("none");
  });

  it("by sid ends what belongs to that session at the provider", async () => {
    const rp = await start();
    const [one, other] = [await signIn(rp), await signIn(rp)];
    await rp.auth.revoke({ sid: await sidOf(rp, one) });
    expect([await who(rp, one), await who(rp, other)]).toEqual(["nobody", "alice"]);
  });

  it("by sub ends all sessions of the user, those of the app's own sign-in too, and no one else's", async () => {
    const rp = await start();
    const [one, other, bob] = [await signIn(rp), await signIn(rp), await signIn(rp, "bob")];
    const own = new Browser();
    await own.request(`${rp.url}/own-sign-in`, { method: "POST" });
    expect(await who(rp, own)).toBe("alice");
    await rp.auth.revoke({ sub: "alice" });
    expect([await who(rp, one), await who(rp, other), await who(rp, own), await who(rp, bob)]).toEqual([
      "nobody",
      "nobody",
      "nobody",
      "bob",
    ]);
  });

  it("by sub lets the user sign in again", async () => {
    let offset = 0;
    const rp = await start({ now: () => Date.now() / 1000 + offset });
    await signIn(rp);
    await rp.auth.revoke({ sub: "alice" });
    offset = 2;
    await signIn(rp);
  });

  it("works while the provider is down", async () => {
    const first = await start();
    const browser = await signIn(first);
    const rp = await start({ fetch: () => Promise.reject(new Error("down")) });
    expect(await who(rp, browser)).toBe("alice");
    await rp.auth.revoke({ sub: "alice" });
    expect(await who(rp, browser)).toBe("nobody");
  });

  it.each([
    undefined,
    null,
    {},
    { sub: undefined },
    { sub: "" },
    { sub: "a", sid: "b" },
    { sub: 1 },
    { user: "a" },
    "a",
  ])("refuses %j", async (given) => {
    const rp = await start();
    await expect(rp.auth.revoke(given as never)).rejects.toMatchObject({ code: "ERR_OIDC_INVALID_REVOCATION" });
  });
});

/** Asks for a protocol switch, as a WebSocket does, and answers what the server wrote before it hung up. */
function upgrade(url: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      headers: { connection: "Upgrade", upgrade: "websocket", ...headers },
      agent: false,
    });
    outgoing.on("upgrade", (incoming, socket) => {
      socket.destroy();
      resolve(String(incoming.headers["x-who"]));
    });
    outgoing.on("response", () => reject(new Error("not upgraded")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

function answerUpgrades(server: Server, whoIs: (req: IncomingMessage) => Promise<string>): void {
  server.on("upgrade", (req, socket) => {
    void whoIs(req).then((name) => {
      socket.end(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Who: ${name}\r\n\r\n`,
      );
    });
  });
}

describe("authenticate", () => {
  async function startWithSockets(settings: RelyingPartySettings = {}): Promise<RelyingParty> {
    const rp = await start(settings.options, settings);
    answerUpgrades(rp.server, async (req) => (await rp.auth.authenticate(req))?.sub ?? "nobody");
    return rp;
  }

  it("knows who is signed in on an upgrade", async () => {
    const rp = await startWithSockets();
    const browser = await signIn(rp);
    const cookie = browser.jar.header(rp.url) ?? "";
    expect(await upgrade(rp.url, { cookie })).toBe("alice");
    expect(await upgrade(rp.url, {})).toBe("nobody");
    expect(await upgrade(rp.url, { cookie: cookie.replaceAll("=", "=A") })).toBe("nobody");
  });

  it("knows that a session has ended", async () => {
    const rp = await startWithSockets();
    const browser = await signIn(rp);
    const cookie = browser.jar.header(rp.url) ?? "";
    await browser.request(`${rp.url}/logout`);
    expect(await upgrade(rp.url, { cookie })).toBe("nobody");
  });

  it("wants the app's own express-session to have seen the upgrade, and says so", async () => {
    const sessions = session({ secret: SECRET, resave: false, saveUninitialized: false });
    const rp = await start(
      { session: undefined, transaction: { secret: SECRET } },
      { before: (app) => app.use(sessions) },
    );
    const cookie = (await signIn(rp)).jar.header(rp.url) ?? "";
    let isSeen = false;
    answerUpgrades(rp.server, async (req) => {
      if (isSeen) await new Promise((done) => sessions(req as never, new ServerResponse(req) as never, done));
      return rp.auth.authenticate(req).then(
        (user) => user?.sub ?? "nobody",
        (error: Error) => error.message,
      );
    });
    expect(await upgrade(rp.url, { cookie })).toContain("before auth.authenticate(req)");
    isSeen = true;
    expect(await upgrade(rp.url, { cookie })).toBe("alice");
  });

  it("works below a mount path, and with a baseUrl", async () => {
    const mounted = await startWithSockets({ mountPath: "/sub" });
    const cookie = (await signIn(mounted)).jar.header(mounted.url) ?? "";
    expect(await upgrade(`${mounted.url}/socket`, { cookie })).toBe("alice");
    const plain = await start();
    const browser = await signIn(plain);
    const based = await startWithSockets({ options: { baseUrl: plain.url } });
    expect(await upgrade(based.url, { cookie: browser.jar.header(plain.url) ?? "" })).toBe("alice");
  });

  it("reads the cookie of https behind a proxy, before the first request and after", async () => {
    const proxied = { "x-forwarded-proto": "https", "x-forwarded-host": "app.example" };
    const signedIn = async (rp: RelyingParty) => {
      const answer = await new Browser().request(`${rp.url}/own-sign-in`, { method: "POST", headers: proxied });
      return answer.setCookies.map((line) => line.split(";", 1)[0]).join("; ");
    };
    const rp = await startWithSockets({ trustProxy: 1 });
    const cookie = await signedIn(rp);
    expect(cookie).toContain("__Host-");
    expect(await upgrade(rp.url, { ...proxied, cookie })).toBe("alice");
    expect(await upgrade(rp.url, { "x-forwarded-proto": "wss", cookie })).toBe("alice");
    expect(await upgrade(rp.url, { cookie })).toBe("nobody");
    const restarted = await startWithSockets({ trustProxy: 1 });
    expect(await upgrade(restarted.url, { ...proxied, cookie })).toBe("alice");
  });

  it("does not take the cookie of http for a session of https", async () => {
    const rp = await startWithSockets({ trustProxy: 1 });
    const page = await new Browser().request(`${rp.url}/own-sign-in`, { method: "POST" });
    const cookie = page.setCookies.map((line) => line.split(";", 1)[0]).join("; ");
    expect(await upgrade(rp.url, { cookie })).toBe("alice");
    expect(await upgrade(rp.url, { cookie, "x-forwarded-proto": "https" })).toBe("nobody");
  });
});
