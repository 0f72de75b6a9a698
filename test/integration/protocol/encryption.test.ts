import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { CompactEncrypt } from "jose";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf, createTokenForge } from "../../support/token-forge.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const web = {
  client_secret: "secret-0123456789-secret-0123456789",
  grant_types: ["authorization_code", "implicit"],
  response_types: ["code", "code id_token"],
  redirect_uris: ["https://app.test/signin-oidc"],
  post_logout_redirect_uris: ["https://app.test/signout-callback-oidc"],
  scope: "openid profile",
};
const published = (key: KeyObject, kid: string) => ({ ...key.export({ format: "jwk" }), kid, use: "enc" });
const jwks = { keys: [published(rsa.publicKey, "rsa"), published(ec.publicKey, "ec")] };
/** Those that the test provider signs with. */
const OFFERED = ["RS256", "PS256", "ES256", "EdDSA"];
const SAFE = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

const fixture = useTestIdp({
  clients: [
    {
      ...web,
      client_id: "rsa_client",
      jwks,
      id_token_encrypted_response_alg: "RSA-OAEP",
      userinfo_signed_response_alg: "RS256",
      userinfo_encrypted_response_alg: "RSA-OAEP",
    },
    {
      ...web,
      client_id: "ec_client",
      jwks,
      id_token_encrypted_response_alg: "ECDH-ES",
      id_token_encrypted_response_enc: "A256GCM",
      authorization_encrypted_response_alg: "ECDH-ES",
    },
    { ...web, client_id: "hs_client", id_token_signed_response_alg: "HS256" },
    { ...web, client_id: "signed_userinfo_client", userinfo_signed_response_alg: "ES256" },
    ...OFFERED.map((alg) => ({
      ...web,
      client_id: `${alg}_client`,
      id_token_signed_response_alg: alg,
      userinfo_signed_response_alg: alg,
    })),
  ],
  extra: { enabledJWA: { idTokenSigningAlgValues: [...OFFERED, "HS256"] } },
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) =>
    res.json({ sub: req.user?.sub, name: req.user?.name, id: req.user && req.oidc.getToken("id_token") }),
  );
};

async function signIn(options: AddOpenIdConnectOptions) {
  const rp = await fixture.start({
    options: { clientSecret: web.client_secret, getClaimsFromUserInfoEndpoint: true, ...options },
    routes,
  });
  const browser = new Browser();
  return { rp, browser, page: await browser.signIn(`${rp.url}/login?returnUrl=/who`) };
}

const keys = [rsa.privateKey, { key: { ...ec.privateKey.export({ format: "jwk" }), kid: "ec" } }];

describe("encrypted answers", () => {
  it.each<[string, AddOpenIdConnectOptions]>([
    ["an RSA key", { clientId: "rsa_client", idTokenDecryptionKeys: rsa.privateKey }],
    ["one of several keys", { clientId: "rsa_client", idTokenDecryptionKeys: [other.privateKey, rsa.privateKey] }],
    ["a JWK of P-256", { clientId: "ec_client", idTokenDecryptionKeys: ec.privateKey.export({ format: "jwk" }) }],
    ["the code id_token flow", { clientId: "ec_client", idTokenDecryptionKeys: keys, responseType: "code id_token" }],
    ["a signed and encrypted answer", { clientId: "ec_client", idTokenDecryptionKeys: keys, responseMode: "jwt" }],
    [
      "validIssuers",
      { clientId: "rsa_client", idTokenDecryptionKeys: keys, tokenValidation: { validIssuers: ["https://x.example"] } },
    ],
  ])("are opened with %s", async (_name, options) => {
    const { page } = await signIn(options);
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice", name: expect.any(String) });
  });

  it("of userinfo may be encrypted alone: then it counts like plain JSON", async () => {
    const encrypted = await new CompactEncrypt(Buffer.from(JSON.stringify({ sub: "alice", nickname: "Al" })))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" })
      .encrypt(ec.publicKey);
    const { rp, page } = await signIn({
      clientId: "RS256_client",
      idTokenDecryptionKeys: keys,
      fetch: async (input, init) =>
        String(input).endsWith("/connect/userinfo")
          ? new Response(encrypted, { headers: { "content-type": "application/jwt" } })
          : fetch(input, init),
    });
    expect(rp.errors).toEqual([]);
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice" });
  });

  it("leave the signed token behind, which a sign-out gives back to the provider", async () => {
    const { rp, browser, page } = await signIn({
      clientId: "rsa_client",
      idTokenDecryptionKeys: keys,
      saveTokens: true,
    });
    expect((JSON.parse(page.body) as { id: string }).id.split(".")).toHaveLength(3);
    const out = await browser.request(`${rp.url}/logout`);
    expect(out.headers.get("location")).toMatch(/id_token_hint=[\w-]+\.[\w-]+\.[\w-]+(&|$)/);
  });

  it.each<[string, AddOpenIdConnectOptions["idTokenDecryptionKeys"], RegExp]>([
    ["without keys", undefined, /idTokenDecryptionKeys is not set/],
    ["with another key", other.privateKey, /none of idTokenDecryptionKeys opens/],
    ["with a key of another kind", ec.privateKey, /none of idTokenDecryptionKeys opens/],
  ])("%s fail with the option's name", async (_name, idTokenDecryptionKeys, message) => {
    const { rp, page } = await signIn({ clientId: "rsa_client", idTokenDecryptionKeys });
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID", message: expect.stringMatching(message) });
  });

  it.each<[string, AddOpenIdConnectOptions["idTokenDecryptionKeys"], RegExp]>([
    ["an empty list", [], /is an empty list/],
    ["a key that only signs", generateKeyPairSync("ed25519").privateKey, /cannot decrypt/],
    ["a public key", rsa.publicKey, /give the private one/],
    ["RSA1_5", { key: rsa.privateKey, alg: "RSA1_5" }, /must be one of RSA-OAEP/],
  ])("with %s are told at start", async (_name, idTokenDecryptionKeys, message) => {
    await expect(fixture.start({ options: { idTokenDecryptionKeys } })).rejects.toThrow(message);
  });
});

describe("signature algorithms", () => {
  it.each(OFFERED)("%s is accepted for ID tokens and userinfo", async (alg) => {
    const { page } = await signIn({ clientId: `${alg}_client` });
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice" });
  });

  it.each(SAFE)("%s is accepted whatever the metadata lists, and its at_hash is checked", async (alg) => {
    const forge = createTokenForge(fixture.idp, alg);
    const bits = /\d{3}$/.exec(alg)?.[0] ?? "512";
    const answer = (change: (hash: string) => string) => async (url: string, init: RequestInit) => {
      if (!url.endsWith("/connect/token")) return undefined;
      const body = (await (await fetch(url, init)).json()) as Record<string, string>;
      const digest = createHash(alg.startsWith("Ed") ? "sha512" : `sha${bits}`)
        .update(body["access_token"] ?? "")
        .digest();
      const hash = digest.subarray(0, digest.length / 2).toString("base64url");
      return Response.json({ ...body, id_token: forge.sign({ ...claimsOf(body["id_token"]), at_hash: change(hash) }) });
    };
    const good = await signIn({
      clientId: "RS256_client",
      getClaimsFromUserInfoEndpoint: false,
      fetch: forge.fetch(answer((hash) => hash)),
    });
    expect(JSON.parse(good.page.body)).toMatchObject({ sub: "alice" });
    const bad = await signIn({
      clientId: "RS256_client",
      fetch: forge.fetch(answer((hash) => `${hash.slice(0, -4)}AAAA`)),
    });
    expect(bad.rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });

  it("HS256 is refused with the provider's setting in the message", async () => {
    const { rp, page } = await signIn({ clientId: "hs_client" });
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({
      code: "ERR_OIDC_ID_TOKEN_INVALID",
      message: expect.stringMatching(/HS256.*id_token_signed_response_alg/),
    });
  });

  it("a list of the options leaves out the others", async () => {
    const { rp, page } = await signIn({ clientId: "RS256_client", tokenValidation: { algorithms: ["ES256"] } });
    expect(page.status).toBe(400);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_ID_TOKEN_INVALID" });
  });
});

describe("signed userinfo", () => {
  const answering = (body: (forge: ReturnType<typeof createTokenForge>) => string, known: boolean) => {
    const forge = createTokenForge(fixture.idp);
    const answer = (url: string) =>
      url.endsWith("/connect/userinfo")
        ? new Response(body(forge), { headers: { "content-type": "application/jwt" } })
        : undefined;
    const plain: typeof fetch = async (input, init) => answer(String(input)) ?? fetch(input, init);
    return signIn({ clientId: "signed_userinfo_client", fetch: known ? forge.fetch(answer) : plain });
  };

  it("is taken with a key of the provider's", async () => {
    const { page } = await answering((forge) => forge.sign({ sub: "alice", name: "Signed" }), true);
    expect(JSON.parse(page.body)).toMatchObject({ sub: "alice" });
  });

  it.each<[string, boolean, (forge: ReturnType<typeof createTokenForge>) => string]>([
    ["with a foreign signature", false, (forge) => forge.sign({ sub: "alice" })],
    ["for another user", true, (forge) => forge.sign({ sub: "bob" })],
    ["for another client", true, (forge) => forge.sign({ sub: "alice", aud: "other" })],
    ["of another issuer", true, (forge) => forge.sign({ sub: "alice", iss: "https://evil.example" })],
    ["with alg none", true, (forge) => forge.sign({ sub: "alice" }, { alg: "none" })],
    ["that is encrypted, without keys", true, () => "a.b.c.d.e"],
    ["that is no JWT", true, () => "x"],
  ])("%s is refused", async (_name, known, body) => {
    const { rp, page } = await answering(body, known);
    expect(page.status).toBe(502);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_USERINFO_FAILED" });
  });
});
