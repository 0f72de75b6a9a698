import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-ensure-authorization-response-with-invalid-state-fails",
  { answer: (answer) => ({ ...answer, state: "changed" }) },
  ["ERR_OIDC_STATE_INVALID", "not made by this app"],
);
