import { refuses } from "../module.js";

refuses(
  "fapi2-security-profile-client-test-remove-authorization-response-iss",
  { answer: (answer) => ({ ...answer, iss: undefined }) },
  ["ERR_OIDC_ISSUER_MISMATCH", "promises an iss"],
);
