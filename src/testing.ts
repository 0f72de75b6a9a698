export { createTestIdp, type IdpRequest, type TestIdp, type TestIdpOptions } from "./testing/create-test-idp.js";
export type { TestLifetimes } from "./testing/provider-configuration.js";
export type { TestClient } from "./testing/test-clients.js";
export type { TestUser } from "./testing/test-users.js";
