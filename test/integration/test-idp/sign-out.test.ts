import { createServer } from "node:http";
import { createTestIdp } from "add-openid-connect/testing";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import { listen, stop } from "../../support/relying-party.js";
import { authorizationUrl, payloadOf, signIn, userInfo } from "./client.js";

const fixture = useTestIdp();

const BACK = "http://localhost:4711/signout-callback-oidc";
const isBack = (url: string) => url.startsWith(BACK);

function endSessionUrl(parameters: Readonly<Record<string, string | undefined>>): string {
  const known = Object.entries({ post_logout_redirect_uri: BACK, state: "bye", ...parameters });
  const query = new URLSearchParams(known.filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `${fixture.idp.issuer}/connect/endsession?${query}`;
}

describe("a logout", () => {
  it("with the own ID token submits itself, ends the session and returns", async () => {
    const { jar, tokens } = await signIn(fixture.idp, { scope: "openid api1" });
    const browser = new Browser(jar);
    const page = await browser.open(endSessionUrl({ id_token_hint: tokens["id_token"] }));
    expect(page.headers.get("content-security-policy")).toMatch(/script-src 'sha256-/);
    expect(page.body).toContain("<script>");
    expect(page.body).toContain("<button>Log out</button>");
    const back = await browser.submit(page, {}, isBack);
    expect(Object.fromEntries(new URL(back.url).searchParams)).toEqual({ state: "bye" });
    expect((await browser.open(authorizationUrl(fixture.idp))).body).toContain('name="password"');
    expect((await userInfo(fixture.idp, tokens["access_token"])).status).toBe(401);
  });

  it.each<[string, () => Promise<Record<string, string | undefined>>]>([
    ["without an ID token", async () => ({ client_id: "pkce_client" })],
    [
      "with another person's ID token",
      async () => ({ id_token_hint: (await signIn(fixture.idp, {}, { username: "bob" })).tokens["id_token"] }),
    ],
  ])("%s asks first, without a script", async (_name, parameters) => {
    const { jar } = await signIn(fixture.idp);
    const browser = new Browser(jar);
    const page = await browser.open(endSessionUrl(await parameters()));
    expect(page.body).toContain("Do you want to log out");
    expect(page.body).not.toContain("<script");
    const back = await browser.submit(page, {}, isBack);
    expect(isBack(back.url)).toBe(true);
  });

  it("does not return to an unregistered URL", async () => {
    const { jar, tokens } = await signIn(fixture.idp);
    const url = endSessionUrl({ id_token_hint: tokens["id_token"], post_logout_redirect_uri: "https://evil.example/" });
    const page = await new Browser(jar).open(url);
    expect([page.status, page.body.includes('role="alert"')]).toEqual([400, true]);
  });

  it("without a return shows that it is done", async () => {
    const { jar } = await signIn(fixture.idp);
    const browser = new Browser(jar);
    const page = await browser.open(endSessionUrl({ post_logout_redirect_uri: undefined }));
    expect((await browser.submit(page, {})).body).toContain("Logged out");
  });

  it("tells a client with a back-channel logout URI on loopback", async () => {
    const told: string[] = [];
    const app = createServer((req, res) => {
      req.setEncoding("utf8").on("data", (chunk: string) => told.push(chunk));
      req.on("end", () => res.end());
    });
    const uri = `http://localhost:${await listen(app)}/backchannel`;
    const idp = await createTestIdp({
      clients: [
        {
          client_id: "pkce_client",
          client_secret: "secret",
          redirect_uris: ["https://app.test/signin-oidc"],
          backchannel_logout_uri: uri,
          backchannel_logout_session_required: true,
        },
      ],
    });
    const { jar, tokens } = await signIn(idp, { scope: "openid" });
    const { sid } = payloadOf(tokens["id_token"]);
    expect(sid).toEqual(expect.any(String));
    const browser = new Browser(jar);
    const page = await browser.open(`${idp.issuer}/connect/endsession?id_token_hint=${tokens["id_token"]}`);
    await browser.submit(page, {});
    const logoutToken = new URLSearchParams(told.join("")).get("logout_token") ?? undefined;
    expect(payloadOf(logoutToken)).toMatchObject({ iss: idp.issuer, aud: "pkce_client", sid });
    await Promise.all([idp.stop(), stop(app)]);
  });
});
