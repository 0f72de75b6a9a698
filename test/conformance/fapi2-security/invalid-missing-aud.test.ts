import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-missing-aud",
  { claims: ({ aud: _aud, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"aud"'],
);
