import { generateKeyPairSync } from "node:crypto";
import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";
import { claimsOf } from "../../support/token-forge.js";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const granted: unknown[] = [];
const fixture = useTestIdp({
  clients: [
    {
      client_id: "signing_client",
      client_secret: "secret",
      grant_types: ["authorization_code"],
      response_types: ["code"],
      redirect_uris: ["https://app.test/signin-oidc"],
      scope: "openid profile api1",
      require_signed_request_object: true,
      request_object_signing_alg: "PS256",
      jwks: { keys: [{ ...rsa.publicKey.export({ format: "jwk" }), kid: "r1", use: "sig" }] },
    },
  ],
  extra: {
    features: {
      richAuthorizationRequests: {
        enabled: true,
        types: {
          payment: {
            validate: (_ctx: unknown, detail: unknown) => void granted.push(detail),
          },
        },
        authorizationDetailsForGrantSource: (_ctx: unknown, { details }: { details?: unknown } = {}) => details,
        authorizationDetailsForAccessToken: (_ctx: unknown, { details }: { details?: unknown } = {}) => details,
        authorizationDetailsForIntrospection: (_ctx: unknown, { details }: { details?: unknown } = {}) => details,
      },
    },
  },
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/who", (req, res) =>
    res.json({ sub: req.user?.sub, access: req.user && req.oidc.getToken("access_token") }),
  );
};
const start = (options: AddOpenIdConnectOptions) => fixture.start({ options, routes });
async function asked(options: AddOpenIdConnectOptions): Promise<URLSearchParams> {
  const rp = await start(options);
  const page = await new Browser().request(`${rp.url}/login?returnUrl=/who`);
  return new URL(page.headers.get("location") ?? "").searchParams;
}

const signing: AddOpenIdConnectOptions = {
  clientId: "signing_client",
  requestObject: { key: { ...rsa.privateKey.export({ format: "jwk" }), kid: "r1" }, alg: "PS256" },
};

describe("requestObject (JAR)", () => {
  it("puts the request into one signed JWT, for the provider alone", async () => {
    const search = await asked({ ...signing, maxAge: 300, claims: { id_token: { acr: null } } });
    expect([...search.keys()].sort()).toEqual(["client_id", "request", "response_type", "scope"]);
    const request = search.get("request") ?? "";
    expect(JSON.parse(Buffer.from(request.split(".")[0] ?? "", "base64url").toString())).toEqual({
      alg: "PS256",
      typ: "oauth-authz-req+jwt",
      kid: "r1",
    });
    expect(claimsOf(request)).toMatchObject({
      iss: "signing_client",
      aud: fixture.idp.issuer,
      state: expect.any(String),
      nonce: expect.any(String),
      code_challenge_method: "S256",
      max_age: 300,
      claims: { id_token: { acr: null } },
    });
  });

  it.each(["disable", "require"] as const)('signs in, with pushedAuthorization "%s"', async (pushedAuthorization) => {
    const rp = await start({ ...signing, pushedAuthorization });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    expect(JSON.parse(page.body)).toEqual({ sub: "alice" });
  });

  it.each<[string, unknown, RegExp]>([
    ["no key", {}, /requestObject.key: is missing/],
    ["a public key", { key: rsa.publicKey }, /give the private one/],
    ["HS256", { key: rsa.privateKey, alg: "HS256" }, /requestObject.alg: must be one of/],
    ["an unknown field", { key: rsa.privateKey, keyid: "x" }, /requestObject.keyid: unknown option/],
  ])("with %s is told at start", async (_name, requestObject, message) => {
    await expect(start({ requestObject } as AddOpenIdConnectOptions)).rejects.toThrow(message);
  });
});

describe("the authorization request", () => {
  it("carries authorization_details (RAR) as JSON", async () => {
    const authorizationDetails = [{ type: "payment", amount: "1.00" }];
    const search = await asked({ authorizationDetails });
    expect(JSON.parse(search.get("authorization_details") ?? "")).toEqual(authorizationDetails);
  });

  it("carries claims as JSON, and the provider answers them", async () => {
    const claims = { id_token: { email: { essential: true } }, userinfo: { email: null } };
    expect(JSON.parse((await asked({ claims })).get("claims") ?? "")).toEqual(claims);
    const rp = await fixture.start({
      options: { claims },
      routes: (app) => app.get("/email", (req, res) => res.json(req.user?.claims["email"] ?? null)),
    });
    expect(JSON.parse((await new Browser().signIn(`${rp.url}/login?returnUrl=/email`)).body)).toMatch(/@/);
  });

  it("names several resources, each in a parameter of its own", async () => {
    const resource = ["https://one.example/", "https://two.example/"];
    expect((await asked({ resource })).getAll("resource")).toEqual(resource);
    const { body } = await new Browser().request(`${(await start({ resource })).url}/who`);
    expect(JSON.parse(body)).toEqual({});
  });

  it("names the resource, and the access token is for it", async () => {
    const rp = await start({ resource: "https://one.example/", scope: ["openid", "api1"], saveTokens: true });
    const page = await new Browser().signIn(`${rp.url}/login?returnUrl=/who`);
    const { access } = JSON.parse(page.body) as { readonly access: string };
    expect(claimsOf(access)).toMatchObject({ aud: "https://one.example/" });
  });

  it.each<[string, unknown, RegExp]>([
    ["authorizationDetails without type", { authorizationDetails: [{ amount: 1 }] }, /\[0\].type: is missing/],
    ["authorizationDetails that are no list", { authorizationDetails: { type: "x" } }, /must be a list/],
    ["claims that are no object", { claims: "email" }, /claims: must be an object/],
    ["claims of another place", { claims: { idtoken: {} } }, /Did you mean "id_token"/],
  ])("with %s is told at start", async (_name, options, message) => {
    await expect(start(options as AddOpenIdConnectOptions)).rejects.toThrow(message);
  });
});
