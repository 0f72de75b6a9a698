import { describe, expect, it } from "vitest";
import { Browser, type Page } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp({
  clients: [
    {
      client_id: "sid_client",
      client_secret: "secret",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: ["https://app.test/signin-oidc"],
      scope: "openid profile offline_access",
      backchannel_logout_uri: "http://localhost:9/unused",
      backchannel_logout_session_required: true,
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
  app.get("/id-token", (req, res) => res.send(req.oidc.getToken("id_token")));
  app.all("/signout-oidc", (_req, res) => res.send("the app's own"));
};

interface SignedIn {
  readonly rp: RelyingParty;
  readonly browser: Browser;
  readonly sid: string;
}

async function signedIn(options: RelyingPartySettings["options"] = {}): Promise<SignedIn> {
  const rp = await fixture.start({ routes, options: { clientId: "sid_client", saveTokens: true, ...options } });
  const browser = new Browser();
  expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toBe("alice");
  const token = (await browser.request(`${rp.url}/id-token`)).body;
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { sid?: string };
  return { rp, browser, sid: claims.sid ?? "" };
}

const iss = () => fixture.idp.issuer;

/** As a browser asks for the provider's hidden frame, where it sends the cookie along. */
function frame({ rp, browser }: SignedIn, parameters: Record<string, string>, path = "/signout-oidc"): Promise<Page> {
  return browser.request(`${rp.url}${path}?${new URLSearchParams(parameters)}`, {
    headers: { "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe" },
  });
}

const who = async ({ rp, browser }: SignedIn) => (await browser.request(`${rp.url}/who`)).body;

function expectFrame(page: Page): void {
  expect([page.status, page.body]).toEqual([200, ""]);
  expect(page.headers.get("cache-control")).toContain("no-store");
  expect(page.headers.get("x-frame-options")).toBeNull();
  expect(page.headers.get("content-security-policy")).toBeNull();
}

describe("a front-channel logout request", () => {
  it("with iss and sid of the session ends it and clears its cookies", async () => {
    const session = await signedIn();
    await session.browser.request(`${session.rp.url}/login`);
    const page = await frame(session, { iss: iss(), sid: session.sid });
    expectFrame(page);
    expect(session.browser.jar.names().filter((name) => name.startsWith("oidc"))).toEqual([]);
    expect(await who(session)).toBe("nobody");
  });

  it("ends the session for copies of its cookie too", async () => {
    const session = await signedIn();
    const copy = new Browser(session.browser.jar.clone());
    await frame(session, { iss: iss(), sid: session.sid });
    expect((await copy.request(`${session.rp.url}/who`)).body).toBe("nobody");
  });

  it("by form does the same", async () => {
    const session = await signedIn();
    const page = await session.browser.request(`${session.rp.url}/signout-oidc`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" },
      body: new URLSearchParams({ iss: iss(), sid: session.sid }),
    });
    expectFrame(page);
    expect(await who(session)).toBe("nobody");
  });

  it.each<[string, (sid: string) => Record<string, string>]>([
    ["without iss", (sid) => ({ sid })],
    ["with another iss", (sid) => ({ iss: "https://evil.example", sid })],
    ["with an empty iss", (sid) => ({ iss: "", sid })],
    ["without sid", () => ({ iss: iss() })],
    ["with another sid", () => ({ iss: iss(), sid: "other" })],
    ["with an empty sid", () => ({ iss: iss(), sid: "" })],
    ["with nothing", () => ({})],
  ])("%s is 200, and the session stays", async (_name, parameters) => {
    const session = await signedIn();
    const page = await frame(session, parameters(session.sid));
    expectFrame(page);
    expect(page.setCookies).toEqual([]);
    expect(await who(session)).toBe("alice");
  });

  it("that another browser sends ends nothing, though it knows the sid", async () => {
    const session = await signedIn();
    expectFrame(await frame({ ...session, browser: new Browser() }, { iss: iss(), sid: session.sid }));
    expect(await who(session)).toBe("alice");
  });

  it("cannot end a session whose provider gave it no sid", async () => {
    const session = await signedIn({ clientId: "pkce_client" });
    expect(session.sid).toBe("");
    expectFrame(await frame(session, { iss: iss() }));
    for (const sid of ["", "undefined"]) expectFrame(await frame(session, { iss: iss(), sid }));
    expect(await who(session)).toBe("alice");
    expect(session.rp.log.join()).toContain("remote_sign_out_ignored");
  });

  it("is 400 with iss twice, and the session stays", async () => {
    const session = await signedIn();
    const query = `iss=${encodeURIComponent(iss())}&iss=${encodeURIComponent(iss())}&sid=${session.sid}`;
    expect((await session.browser.request(`${session.rp.url}/signout-oidc?${query}`)).status).toBe(400);
    expect(await who(session)).toBe("alice");
  });

  it("by other methods is 405, and by other kinds of body 400", async () => {
    const session = await signedIn();
    const url = `${session.rp.url}/signout-oidc`;
    const page = await session.browser.request(url, { method: "DELETE" });
    expect([page.status, page.headers.get("allow")]).toEqual([405, "GET, POST"]);
    const headers = { "content-type": "application/json" };
    expect((await session.browser.request(url, { method: "POST", headers, body: "{}" })).status).toBe(400);
    const large = { "content-type": "application/x-www-form-urlencoded" };
    const body = `iss=${"x".repeat(100_000)}`;
    expect((await session.browser.request(url, { method: "POST", headers: large, body })).status).toBe(413);
    expect(await who(session)).toBe("alice");
  });

  it("revokes the refresh token that the session had kept", async () => {
    const session = await signedIn({ scope: ["openid", "offline_access"] });
    const before = fixture.idp.requests.length;
    await frame(session, { iss: iss(), sid: session.sid });
    expect(fixture.idp.requests.slice(before).map(({ path, status }) => [path, status])).toContainEqual([
      "/connect/revocation",
      200,
    ]);
  });

  it("goes to the app where remoteSignOutPath is false or another", async () => {
    const off = await signedIn({ remoteSignOutPath: false });
    expect((await frame(off, { iss: iss(), sid: off.sid })).body).toBe("the app's own");
    const moved = await signedIn({ remoteSignOutPath: "/front" });
    expect((await frame(moved, { iss: iss(), sid: moved.sid })).body).toBe("the app's own");
    expect(await who(moved)).toBe("alice");
    expectFrame(await frame(moved, { iss: iss(), sid: moved.sid }, "/front"));
    expect(await who(moved)).toBe("nobody");
  });
});

describe("onRemoteSignOut", () => {
  it("is told what came and whether it is of this session, which then ends", async () => {
    const told: unknown[] = [];
    const session = await signedIn({
      events: {
        onRemoteSignOut: ({ scheme, parameters, matchesSession }) =>
          told.push({ scheme, matchesSession, iss: parameters["iss"], sid: parameters["sid"] }),
      },
    });
    const { sid } = session;
    await frame(session, { iss: "https://evil.example", sid });
    await frame(session, { iss: iss(), sid });
    expect(told).toEqual([
      { scheme: "oidc", matchesSession: false, iss: "https://evil.example", sid },
      { scheme: "oidc", matchesSession: true, iss: iss(), sid },
    ]);
    expect(await who(session)).toBe("nobody");
  });

  it("that handles it answers itself, and the session stays", async () => {
    const session = await signedIn({
      events: {
        onRemoteSignOut: (context) => {
          context.res.end("handled");
          context.handled();
        },
      },
    });
    expect((await frame(session, { iss: iss(), sid: session.sid })).body).toBe("handled");
    expect(await who(session)).toBe("alice");
  });

  it("that skips leaves the request to the app, and the session stays", async () => {
    const session = await signedIn({ events: { onRemoteSignOut: (context) => context.skip() } });
    expect((await frame(session, { iss: iss(), sid: session.sid })).body).toBe("the app's own");
    expect(await who(session)).toBe("alice");
  });
});
