import { accepts } from "./plan.js";

accepts("fapi2-security-profile-final-client-test-token-type-case-insensitivity", {
  tokenResponse: (body) => ({ ...body, token_type: "dPoP" }),
});
