import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-missing-iss",
  { claims: ({ iss: _iss, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"iss"'],
);
