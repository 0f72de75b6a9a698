import { expect } from "vitest";
import { accepts } from "../module.js";

// The provider answers to the header alone.
accepts("oidcc-client-test-userinfo-bearer-header", {}, { getClaimsFromUserInfoEndpoint: true }, ({ page }) =>
  expect(page.body).toContain("a@example.com"),
);
