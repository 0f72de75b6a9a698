import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-nonce",
  { claims: (claims) => ({ ...claims, nonce: "another" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"nonce"'],
);
