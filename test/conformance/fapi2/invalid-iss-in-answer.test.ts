import { refuses } from "../module.js";

refuses(
  "fapi2-security-profile-client-test-invalid-authorization-response-iss",
  { answer: (answer) => ({ ...answer, iss: "https://evil.example" }) },
  ["ERR_OIDC_ISSUER_MISMATCH", "not of the provider that was asked"],
);
