import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-discovery-openid-config", {}, {}, ({ provider }) =>
  expect(provider.asked[0]).toBe("/.well-known/openid-configuration"),
);
