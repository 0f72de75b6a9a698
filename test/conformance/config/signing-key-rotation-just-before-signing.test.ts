import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-signing-key-rotation-just-before-signing", {}, {}, async ({ provider, rp, browser }) => {
  await browser.request(`${rp.url}/logout`);
  const page = await browser.request(`${rp.url}/login?returnUrl=/who`);
  const callback = await browser.open(page.headers.get("location") ?? "", {}, (url) => url.includes("/signin-oidc"));
  provider.rotate();
  expect((await browser.open(callback.url)).body).toContain('"sub":"alice"');
});
