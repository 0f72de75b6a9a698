import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-signing-key-rotation", {}, {}, async ({ provider, rp, browser }) => {
  provider.rotate();
  await browser.request(`${rp.url}/logout`);
  const page = await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  expect(page.body).toContain('"sub":"alice"');
});
