import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("fapi2-security-profile-client-test-happy-path-pkce", {}, {}, ({ provider, browser }) => {
  const challenge = browser.history.find(({ url }) => url.includes("/authorize?"));
  expect(new URL(challenge?.url ?? "").searchParams.get("code_challenge_method")).toBe("S256");
  expect(provider.tokenRequests[0]?.parameters.get("code_verifier")).toMatch(/^[\w-]{43}$/);
});
