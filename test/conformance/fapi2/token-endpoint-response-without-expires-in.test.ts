import { accepts } from "../module.js";

accepts("fapi2-security-profile-client-test-token-endpoint-response-without-expires_in", {
  tokenResponse: ({ expires_in: _seconds, ...body }) => body,
});
