import { generateKeyPairSync, type KeyObject, webcrypto } from "node:crypto";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf } from "../../support/token-forge.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");
const LONG_SECRET = "0123456789abcdefghijklmnopqrstuvwxyz";

const web = {
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
  redirect_uris: ["https://app.test/signin-oidc"],
  scope: "openid profile",
};
const published = (key: KeyObject, more: object) => ({ ...key.export({ format: "jwk" }), use: "sig", ...more });
const fixture = useTestIdp({
  clients: [
    {
      ...web,
      client_id: "key_client",
      token_endpoint_auth_method: "private_key_jwt",
      jwks: {
        keys: [
          published(rsa.publicKey, { kid: "rsa" }),
          published(ec.publicKey, { kid: "ec" }),
          published(ed.publicKey, { kid: "ed" }),
        ],
      },
    },
    {
      ...web,
      client_id: "secret_jwt_client",
      client_secret: LONG_SECRET,
      token_endpoint_auth_method: "client_secret_jwt",
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) => res.send(req.user?.sub ?? "nobody"));
};

/** What the app sent to the token endpoint, and where. */
function recorder(metadata: Readonly<Record<string, unknown>> = {}) {
  const sent: { url: string; headers: Headers; body: URLSearchParams }[] = [];
  const record: typeof fetch = async (input, init) => {
    const url = String(input);
    if (init?.method === "POST") {
      sent.push({ url, headers: new Headers(init.headers), body: new URLSearchParams(String(init.body)) });
    }
    const response = await fetch(url.replace("/mtls/", "/"), init);
    if (!url.endsWith("/openid-configuration")) return response;
    return Response.json({ ...((await response.json()) as object), ...metadata });
  };
  return { sent, fetch: record };
}

async function signIn(options: AddOpenIdConnectOptions) {
  const rp = await fixture.start({ options: { clientSecret: undefined, ...options }, routes });
  const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
  return { rp, page };
}

const raw = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

describe("private_key_jwt", () => {
  it.each<[string, string, () => AddOpenIdConnectOptions["clientAssertionKey"] | Promise<webcrypto.CryptoKey>]>([
    ["a KeyObject", "RS256", () => rsa.privateKey],
    ["PEM text", "RS256", () => rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string],
    [
      "PEM text with kid and alg",
      "PS256",
      () => ({
        key: rsa.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
        kid: "rsa",
        alg: "PS256",
      }),
    ],
    ["a JWK", "ES256", () => ({ ...ec.privateKey.export({ format: "jwk" }), kid: "ec" })],
    ["a JWK of Ed25519", "EdDSA", () => ({ ...ed.privateKey.export({ format: "jwk" }), kid: "ed", alg: "EdDSA" })],
    ["a key named Ed25519", "Ed25519", () => ({ key: ed.privateKey, kid: "ed", alg: "Ed25519" })],
    [
      "a CryptoKey",
      "RS256",
      () => webcrypto.subtle.importKey("jwk", rsa.privateKey.export({ format: "jwk" }), raw, false, ["sign"]),
    ],
  ])("signs in with %s (%s), and names the issuer alone as audience", async (_name, alg, key) => {
    const { sent, fetch } = recorder();
    const clientAssertionKey = (await key()) as AddOpenIdConnectOptions["clientAssertionKey"];
    const { page } = await signIn({ clientId: "key_client", clientAssertionKey, fetch });
    expect(page.body).toBe("alice");
    const assertion = sent[0]?.body.get("client_assertion") ?? "";
    expect(claimsOf(assertion)).toMatchObject({ aud: fixture.idp.issuer, iss: "key_client", sub: "key_client" });
    expect(JSON.parse(Buffer.from(assertion.split(".")[0] ?? "", "base64url").toString())).toMatchObject({ alg });
    expect(sent[0]?.headers.has("authorization")).toBe(false);
  });

  it("fails with the client's error when the provider knows another key", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const { rp, page } = await signIn({ clientId: "key_client", clientAssertionKey: privateKey });
    expect(page.status).toBe(502);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_CLIENT_REJECTED" });
  });
});

describe("client_secret_jwt", () => {
  it("proves the secret without sending it", async () => {
    const { sent, fetch } = recorder();
    const { page } = await signIn({
      clientId: "secret_jwt_client",
      clientSecret: LONG_SECRET,
      clientAuthentication: "client_secret_jwt",
      fetch,
    });
    expect(page.body).toBe("alice");
    expect(claimsOf(sent[0]?.body.get("client_assertion") ?? "")).toMatchObject({ aud: fixture.idp.issuer });
    expect(`${sent[0]?.body}${JSON.stringify([...(sent[0]?.headers ?? [])])}`).not.toContain(LONG_SECRET);
  });
});

describe("the method of client authentication", () => {
  it.each<[string, unknown, "basic" | "post" | "jwt"]>([
    ["nothing", undefined, "basic"],
    ["basic and post", ["client_secret_basic", "client_secret_post"], "basic"],
    ["post alone", ["client_secret_post"], "post"],
    ["client_secret_jwt alone", ["client_secret_jwt"], "jwt"],
    ["none alone", ["none"], "basic"],
  ])("with metadata that lists %s is inferred", async (_name, methods, expected) => {
    const { sent, fetch } = recorder({ token_endpoint_auth_methods_supported: methods });
    await signIn({ clientSecret: "secret", fetch });
    const { headers, body } = sent[0] ?? { headers: new Headers(), body: new URLSearchParams() };
    const found = headers.has("authorization") ? "basic" : body.has("client_secret") ? "post" : "jwt";
    expect(found).toBe(expected);
  });
});

describe("mutual TLS", () => {
  it.each(["tls_client_auth", "self_signed_tls_client_auth"] as const)(
    "with %s names the client alone, and goes to the endpoints that ask for the certificate",
    async (clientAuthentication) => {
      const { sent, fetch } = recorder({
        mtls_endpoint_aliases: { token_endpoint: `${fixture.idp.issuer}/mtls/connect/token` },
      });
      // The certificate is the business of fetch; to this provider the client is a public one.
      const { page } = await signIn({ clientId: "public_client", clientAuthentication, fetch });
      expect(page.body).toBe("alice");
      expect(sent[0]?.url).toContain("/mtls/connect/token");
      expect(sent[0]?.body.get("client_id")).toBe("public_client");
      expect(sent[0]?.headers.has("authorization")).toBe(false);
    },
  );

  it("uses the ordinary endpoint where the provider has no other", async () => {
    const { sent, fetch } = recorder();
    await signIn({ clientId: "public_client", clientAuthentication: "tls_client_auth", fetch });
    expect(sent[0]?.url).toBe(`${fixture.idp.issuer}/connect/token`);
  });
});

describe("options that contradict each other", () => {
  it.each<[string, AddOpenIdConnectOptions, RegExp]>([
    ["private_key_jwt without key", { clientAuthentication: "private_key_jwt" }, /needs clientAssertionKey/],
    ["tls_client_auth without fetch", { clientAuthentication: "tls_client_auth" }, /needs a fetch/],
    ["client_secret_jwt without secret", { clientAuthentication: "client_secret_jwt" }, /needs clientSecret/],
    [
      "a secret beside private_key_jwt",
      { clientAuthentication: "private_key_jwt", clientSecret: "s", clientAssertionKey: rsa.privateKey },
      /leave one of them out/,
    ],
    ["a public key", { clientAssertionKey: rsa.publicKey }, /give the private one/],
    ["a public JWK", { clientAssertionKey: ec.publicKey.export({ format: "jwk" }) }, /private part/],
    ["a broken PEM", { clientAssertionKey: "-----BEGIN PRIVATE KEY-----\nx" }, /cannot be read/],
    ["an alg of another kind of key", { clientAssertionKey: { key: ec.privateKey, alg: "RS256" } }, /one of ES256/],
    ["a key that cannot sign", { clientAssertionKey: generateKeyPairSync("x25519").privateKey }, /cannot sign/],
    [
      "a small RSA key",
      { clientAssertionKey: generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey },
      /2,048/,
    ],
  ])("%s is told at start", async (_name, options, message) => {
    await expect(fixture.start({ options: { clientSecret: undefined, ...options } })).rejects.toThrow(message);
  });
});
