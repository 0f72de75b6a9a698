import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-missing-state-fails",
  { answer: (answer) => ({ ...answer, state: undefined }) },
  ["ERR_OIDC_STATE_MISSING", "it has no state"],
);
