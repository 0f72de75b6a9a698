import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { afterEach, describe, expect, it } from "vitest";
import { CLIENT, type HostileProvider, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import type { Lies } from "../../hostile-provider/lies.js";
import { Browser } from "../../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../../support/relying-party.js";

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

async function start(options: AddOpenIdConnectOptions = {}): Promise<{ provider: HostileProvider; rp: RelyingParty }> {
  const provider = await startHostileProvider();
  const rp = await startRelyingParty(provider, {
    options: { ...CLIENT, ...options },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ ...req.user, scopes: req.oidc.grantedScopes }));
    },
  });
  running.push(provider, rp);
  return { provider, rp };
}

const without = (...names: readonly string[]): NonNullable<Lies["metadata"]> => {
  return (document) => Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
};

describe("a provider with manners of its own works from authority, clientId and clientSecret", () => {
  it.each<[string, Lies]>([
    [
      "an issuer with a slash at its end",
      {
        metadata: (document) => ({
          ...document,
          issuer: `${document["issuer"]}/`,
          authorization_response_iss_parameter_supported: false,
        }),
        answer: (answer) => ({ ...answer, iss: undefined }),
        claims: (claims) => ({ ...claims, iss: `${claims["iss"]}/` }),
      },
    ],
    [
      "endpoints with a double slash",
      {
        metadata: (document) => ({
          ...document,
          token_endpoint: String(document["token_endpoint"]).replace("/token", "//token"),
        }),
      },
    ],
    ["metadata that forgets S256", { metadata: without("code_challenge_methods_supported") }],
    [
      "metadata that lists plain PKCE alone",
      { metadata: (document) => ({ ...document, code_challenge_methods_supported: ["plain"] }) },
    ],
    ["metadata without end_session_endpoint", { metadata: without("end_session_endpoint") }],
    [
      "metadata that lists none and HS256",
      { metadata: (document) => ({ ...document, id_token_signing_alg_values_supported: ["none", "HS256"] }) },
    ],
    [
      "auth methods of none, with a secret configured",
      { metadata: (document) => ({ ...document, token_endpoint_auth_methods_supported: ["none"] }) },
    ],
    ["no at_hash", { claims: ({ at_hash: _hash, ...claims }) => claims }],
    ["auth_time 0", { claims: (claims) => ({ ...claims, auth_time: 0 }) }],
    ["updated_at as text", { claims: (claims) => ({ ...claims, updated_at: "2026-01-01" }) }],
    ["a list of one as aud", { claims: (claims) => ({ ...claims, aud: [claims["aud"]] }) }],
    [
      "several in aud, and azp",
      { claims: (claims) => ({ ...claims, aud: [claims["aud"], "api"], azp: claims["aud"] }) },
    ],
    ["token_type in small letters", { tokenResponse: (body) => ({ ...body, token_type: "bearer" }) }],
    ["expires_in as text", { tokenResponse: (body) => ({ ...body, expires_in: "300" }) }],
    [
      "metadata that writes out what it does not have",
      {
        metadata: (document) => ({
          ...document,
          end_session_endpoint: null,
          userinfo_endpoint: "",
          pushed_authorization_request_endpoint: null,
          token_endpoint_auth_methods_supported: null,
          mtls_endpoint_aliases: null,
        }),
      },
    ],
    [
      "a token response that writes out what it does not have",
      { tokenResponse: (body) => ({ ...body, refresh_token: null, scope: null, expires_in: null }) },
    ],
    ["an empty refresh token", { tokenResponse: (body) => ({ ...body, refresh_token: "" }) }],
    [
      "keys that write out what they do not have",
      { keys: (keys) => keys.map(({ alg: _alg, ...key }) => ({ ...key, alg: null, use: null, x5c: null })) },
    ],
    [
      "no iss in the answer where none was promised",
      {
        metadata: without("authorization_response_iss_parameter_supported"),
        answer: (answer) => ({ ...answer, iss: undefined }),
      },
    ],
  ])("%s", async (_name, lies) => {
    const { provider, rp } = await start();
    provider.lie(lies);
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(rp.errors).toEqual([]);
    expect(page.body).toContain('"sub":"alice"');
  });

  it("no token endpoint, where ID tokens come through the browser alone", async () => {
    const { provider, rp } = await start({ responseType: "id_token" });
    provider.lie({ metadata: without("token_endpoint") });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(page.body).toContain('"sub":"alice"');
  });

  it("a lifetime without end, whose date can be told", async () => {
    const { provider, rp } = await start({ saveTokens: true });
    rp.app.get("/ends", (req, res) => res.send(req.oidc.getToken("expires_at")));
    provider.lie({ tokenResponse: (body) => ({ ...body, expires_in: 1e300 }) });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/ends`);
    expect(page.body).toMatch(/^9999-12-31T/);
  });

  it.each([
    ["plain ones as they are", "client-1.x_y", "s-e.c_r~et*", /^Basic /],
    ["what is reserved, encoded", "a:b c", "p%/+ä&=?", /^Basic /],
  ])("Basic credentials: %s", async (_name, clientId, clientSecret) => {
    const { provider, rp } = await start({ clientId, clientSecret });
    provider.register({ clientId, clientSecret });
    await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    const sent = Buffer.from(provider.tokenRequests[0]?.authorization?.slice(6) ?? "", "base64").toString();
    const [id = "", secret = ""] = sent.split(":");
    const decode = (text: string) => decodeURIComponent(text.replaceAll("+", " "));
    expect([decode(id), decode(secret)]).toEqual([clientId, clientSecret]);
    // Those that do not decode must understand the usual letters all the same.
    if (/^[\w.-]+$/.test(clientId)) expect(id).toBe(clientId);
  });

  it("fewer scopes granted than asked are told and exposed", async () => {
    const { provider, rp } = await start({ scope: ["openid", "profile", "api1"] });
    provider.lie({ tokenResponse: (body) => ({ ...body, scope: "openid profile" }) });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body).scopes).toEqual(["openid", "profile"]);
    expect(rp.log.join()).toContain("api1");
  });

  it("a denial without state is a 403 with a way to start again", async () => {
    const { provider, rp } = await start();
    provider.lie({ answer: () => ({ error: "access_denied" }) });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(page.status).toBe(403);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ACCESS_DENIED" })]);
  });

  it("a denial as consent_required says what it means", async () => {
    const { provider, rp } = await start();
    provider.lie({ answer: ({ state, iss }) => ({ state, iss, error: "consent_required" }) });
    await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(String(rp.errors[0])).toContain("consent");
  });

  it("userinfo about somebody else is refused", async () => {
    const { provider, rp } = await start({ getClaimsFromUserInfoEndpoint: true });
    provider.lie({ userInfo: (claims) => ({ ...claims, sub: "mallory" }) });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(page.status).toBe(502);
  });
});
