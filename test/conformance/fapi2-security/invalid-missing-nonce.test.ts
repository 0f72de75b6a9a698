import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-missing-nonce",
  { claims: ({ nonce: _nonce, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"nonce"'],
);
