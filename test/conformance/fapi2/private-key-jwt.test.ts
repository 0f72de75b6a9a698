import { expect } from "vitest";
import { CLIENT_KEY } from "../../hostile-provider/hostile-provider.js";
import { accepts } from "../module.js";

const { privateKey } = CLIENT_KEY;

accepts(
  "fapi2-security-profile-client-test-private-key-jwt",
  {},
  { clientSecret: undefined, clientAuthentication: "private_key_jwt", clientAssertionKey: privateKey },
  ({ provider }) => {
    const { parameters, authorization } = provider.tokenRequests[0] ?? {};
    const [, payload = ""] = parameters?.get("client_assertion")?.split(".") ?? [];
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    // The issuer alone: an assertion for an endpoint's URL could be used at another provider that names that URL.
    expect([claims.aud, claims.iss, claims.sub]).toEqual([provider.issuer, "client", "client"]);
    expect([authorization, parameters?.get("client_secret")]).toEqual([undefined, null]);
  },
);
