import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-expired-exp",
  { claims: (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 300 }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "its exp is"],
);
