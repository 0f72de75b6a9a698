import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-userinfo-bearer-header", {}, { getClaimsFromUserInfoEndpoint: true }, ({ page }) =>
  expect(page.body).toContain("a@example.com"),
);
