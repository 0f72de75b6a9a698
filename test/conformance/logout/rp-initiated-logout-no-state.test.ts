import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-rp-init-logout-no-state", {}, { signedOutRedirectUri: "/who" }, async ({ rp, browser }) => {
  await browser.request(`${rp.url}/logout`);
  expect((await browser.open(`${rp.url}/signout-callback-oidc`)).body).toBe("null");
});
