import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("oidcc-client-test-discovery-jwks-uri-keys", {}, {}, ({ provider }) =>
  expect(provider.asked).toContain("/jwks"),
);
