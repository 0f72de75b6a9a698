import { expect } from "vitest";
import { accepts } from "../module.js";

accepts("own: client-secret-post", {}, { clientAuthentication: "client_secret_post" }, ({ provider }) => {
  const [request] = provider.tokenRequests;
  expect(request?.authorization).toBeUndefined();
  expect(request?.parameters.get("client_secret")).toBeTruthy();
});
