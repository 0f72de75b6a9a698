import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-null-alg",
  { header: (header) => ({ ...header, alg: "none" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "alg none"],
);
