import { accepts } from "./plan.js";

accepts("fapi2-security-profile-final-client-test-token-endpoint-response-without-expires_in", {
  tokenResponse: ({ expires_in: _seconds, ...body }) => body,
});
