import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-remove-authorization-response-iss",
  { answer: (answer) => ({ ...answer, iss: undefined }) },
  ["ERR_OIDC_ISSUER_MISMATCH", "promises an iss"],
);
