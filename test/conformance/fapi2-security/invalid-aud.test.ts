import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-aud",
  { claims: (claims) => ({ ...claims, aud: "someone-else" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"aud"'],
);
