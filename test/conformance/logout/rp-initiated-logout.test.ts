import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-rp-init-logout", {}, { saveTokens: true }, async ({ rp, browser }) => {
  const page = await browser.request(`${rp.url}/logout?returnUrl=/who`);
  const url = new URL(page.headers.get("location") ?? "");
  expect(url.searchParams.get("id_token_hint")).toBeTruthy();
  expect((await browser.open(url.href)).body).toBe("null");
});
