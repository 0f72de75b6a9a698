import { expect } from "vitest";
import { CLIENT } from "../../hostile-provider/hostile-provider.js";
import { claimsOf } from "../../support/token-forge.js";
import { accepts } from "./plan.js";

accepts(
  "fapi2-security-profile-final-client-test-happy-path",
  {},
  { getClaimsFromUserInfoEndpoint: true },
  ({ provider, browser, page }) => {
    // The provider itself refuses whatever is not pushed, signed by the client's key and bound to a key; the rest is here.
    const challenge = new URL(browser.history.find(({ url }) => url.includes("/authorize?"))?.url ?? "");
    expect([...challenge.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    const [request] = provider.authorizationRequests;
    expect(request?.parameters).toMatchObject({ code_challenge_method: "S256", response_type: "code" });
    expect(request?.parameters["dpop_jkt"]).toMatch(/^[\w-]{43}$/);
    const last = provider.tokenRequests.at(-1);
    expect(last?.parameters.get("code_verifier")).toMatch(/^[\w-]{43,128}$/);
    // The issuer alone: an assertion for an endpoint's URL could be used at another provider that names that URL.
    const assertion = claimsOf(last?.parameters.get("client_assertion") ?? undefined);
    expect(assertion).toMatchObject({ aud: provider.issuer, iss: CLIENT.clientId, sub: CLIENT.clientId });
    expect([last?.authorization, last?.parameters.get("client_secret")]).toEqual([undefined, null]);
    expect(claimsOf(last?.proof)["nonce"]).toBe("a-nonce-of-the-provider");
    expect(page.body).toContain("a@example.com");
  },
);
