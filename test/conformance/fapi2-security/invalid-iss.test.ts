import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-iss",
  { claims: (claims) => ({ ...claims, iss: "https://evil.example" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"iss"'],
);
