import { expect } from "vitest";
import { accepts } from "./plan.js";

accepts(
  "oidcc-client-test-scope-userinfo-claims",
  {},
  { scope: ["openid", "email"], getClaimsFromUserInfoEndpoint: true },
  ({ page }) => expect(page.body).toContain("a@example.com"),
);
