import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-missing-exp",
  { claims: ({ exp: _exp, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"exp"'],
);
