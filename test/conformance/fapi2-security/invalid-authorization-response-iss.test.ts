import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-authorization-response-iss",
  { answer: (answer) => ({ ...answer, iss: "https://evil.example" }) },
  ["ERR_OIDC_ISSUER_MISMATCH", "not of the provider that was asked"],
);
