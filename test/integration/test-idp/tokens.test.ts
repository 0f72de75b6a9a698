import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";
import express from "express";
import { auth } from "express-oauth2-jwt-bearer";
import { describe, expect, it } from "vitest";
import { useTestIdp } from "../../support/fixture.js";
import { signInAtProvider } from "../../support/provider-sign-in.js";
import { listen, stop } from "../../support/relying-party.js";
import { authorizationUrl, payloadOf, redeem, refresh, requestTokens, signIn, userInfo } from "./client.js";

const fixture = useTestIdp();

const API_SCOPE = "openid profile roles api1";

describe("an access token", () => {
  it("for api1 is a JWT with audience api1, which userinfo takes too", async () => {
    const { tokens } = await signIn(fixture.idp, { scope: API_SCOPE });
    expect(payloadOf(tokens["access_token"])).toMatchObject({
      iss: fixture.idp.issuer,
      aud: "api1",
      sub: "alice",
      client_id: "pkce_client",
      scope: API_SCOPE,
    });
    const response = await userInfo(fixture.idp, tokens["access_token"]);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ sub: "alice", name: "Alice Smith", roles: ["admin", "user"] });
  });

  it("for api1 is accepted by express-oauth2-jwt-bearer", async () => {
    const api = express();
    api.use(auth({ issuerBaseURL: fixture.idp.issuer, audience: "api1", tokenSigningAlg: "RS256" }));
    api.get("/", (req, res) => res.send(String(req.auth?.payload.sub)));
    const server = createServer(api);
    const url = `http://localhost:${await listen(server)}/`;
    const { tokens } = await signIn(fixture.idp, { scope: API_SCOPE });
    const response = await fetch(url, { headers: { authorization: `Bearer ${tokens["access_token"]}` } });
    expect([response.status, await response.text()]).toEqual([200, "alice"]);
    await stop(server);
  });

  it("that was changed, or is only the id of one, is not taken by userinfo", async () => {
    const { tokens } = await signIn(fixture.idp, { scope: API_SCOPE });
    const [head, , signature] = (tokens["access_token"] ?? "").split(".");
    const payload = payloadOf(tokens["access_token"]);
    const forged = Buffer.from(JSON.stringify({ ...payload, sub: "bob" })).toString("base64url");
    for (const token of [`${head}.${forged}.${signature}`, String(payload["jti"]), "a.b.c", "..", "a.e30.c"]) {
      expect((await userInfo(fixture.idp, token)).status).toBe(401);
    }
  });

  it("bound to a DPoP key works at userinfo with a proof, and not as a bearer token", async () => {
    const prove = dpopKey();
    const { parameters } = await signInAtProvider(authorizationUrl(fixture.idp, { scope: API_SCOPE }));
    const proof = { dpop: prove("POST", `${fixture.idp.issuer}/connect/token`) };
    const { body: tokens } = await redeem(fixture.idp, parameters["code"] ?? "", undefined, proof);
    expect(tokens["token_type"]).toBe("DPoP");
    const url = `${fixture.idp.issuer}/connect/userinfo`;
    const token = tokens["access_token"] ?? "";
    const bound = await fetch(url, { headers: { authorization: `DPoP ${token}`, dpop: prove("GET", url, token) } });
    expect(bound.status).toBe(200);
    expect((await userInfo(fixture.idp, token)).status).toBe(401);
  });

  it("without api1 is opaque, and works at userinfo", async () => {
    const { tokens } = await signIn(fixture.idp);
    expect(tokens["access_token"]).not.toContain(".");
    expect((await userInfo(fixture.idp, tokens["access_token"])).status).toBe(200);
  });

  it("of a service is a JWT for api1, by client credentials", async () => {
    const answer = await requestTokens(
      fixture.idp,
      { grant_type: "client_credentials", scope: "api1" },
      "service_client",
    );
    expect(answer.status).toBe(200);
    expect(payloadOf(answer.body["access_token"])).toMatchObject({ aud: "api1", sub: "service_client", scope: "api1" });
  });
});

describe("a refresh token", () => {
  const scope = "openid profile offline_access";

  it("comes with offline_access, without prompt=consent, and only then", async () => {
    expect((await signIn(fixture.idp, { scope })).tokens["refresh_token"]).toBeDefined();
    expect((await signIn(fixture.idp)).tokens["refresh_token"]).toBeUndefined();
  });

  it("is replaced at each use", async () => {
    const { tokens } = await signIn(fixture.idp, { scope });
    const first = await refresh(fixture.idp, tokens["refresh_token"]);
    expect(first.status).toBe(200);
    expect(first.body["refresh_token"]).not.toBe(tokens["refresh_token"]);
    expect((await refresh(fixture.idp, first.body["refresh_token"])).status).toBe(200);
  });

  it("that is used twice ends the grant: its successor and access tokens are dead too", async () => {
    const { tokens } = await signIn(fixture.idp, { scope: `${scope} api1` });
    const first = await refresh(fixture.idp, tokens["refresh_token"]);
    expect((await userInfo(fixture.idp, first.body["access_token"])).status).toBe(200);
    const replayed = await refresh(fixture.idp, tokens["refresh_token"]);
    expect([replayed.status, replayed.body["error"]]).toEqual([400, "invalid_grant"]);
    expect((await refresh(fixture.idp, first.body["refresh_token"])).status).toBe(400);
    expect((await userInfo(fixture.idp, first.body["access_token"])).status).toBe(401);
  });
});

type Prove = (method: string, url: string, accessToken?: string) => string;

/** A key, and proofs of its possession (RFC 9449 4.2). */
function dpopKey(): Prove {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return (method, url, accessToken) => {
    const ath = accessToken && createHash("sha256").update(accessToken).digest("base64url");
    const head = encode({ typ: "dpop+jwt", alg: "ES256", jwk: publicKey.export({ format: "jwk" }) });
    const claims = encode({ jti: randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), ath });
    const signature = sign("sha256", Buffer.from(`${head}.${claims}`), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${head}.${claims}.${signature.toString("base64url")}`;
  };
}
