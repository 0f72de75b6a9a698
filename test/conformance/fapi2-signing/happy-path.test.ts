import { expect } from "vitest";
import { accepts } from "./plan.js";

accepts("fapi2-message-signing-final-client-test-happy-path", {}, {}, ({ provider, browser }) => {
  expect(provider.authorizationRequests).toMatchObject([{ isPushed: true, isSigned: true }]);
  const callback = new URL(browser.history.find(({ url }) => url.includes("/signin-oidc"))?.url ?? "");
  expect([...callback.searchParams.keys()]).toEqual(["response"]);
});
