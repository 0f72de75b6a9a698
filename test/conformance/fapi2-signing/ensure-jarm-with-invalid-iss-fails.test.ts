import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-with-invalid-iss-fails",
  { signedAnswer: (claims) => ({ ...claims, iss: "https://evil.example" }) },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"iss"'],
);
