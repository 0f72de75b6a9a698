import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-with-invalid-aud-fails",
  { signedAnswer: (claims) => ({ ...claims, aud: "someone-else" }) },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"aud"'],
);
