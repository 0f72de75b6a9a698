import { accepts } from "./plan.js";

accepts("fapi2-security-profile-final-client-test-no-scope-in-token-endpoint-response", {
  tokenResponse: ({ scope: _scope, ...body }) => body,
});
