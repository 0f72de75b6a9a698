import { expect } from "vitest";
import { accepts } from "./plan.js";

accepts(
  "oidcc-client-test-client-secret-basic",
  {},
  { clientAuthentication: "client_secret_basic" },
  ({ provider }) => {
    const [request] = provider.tokenRequests;
    expect(request?.authorization).toMatch(/^Basic /);
    expect(request?.parameters.has("client_secret")).toBe(false);
  },
);
