import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-with-expired-exp-fails",
  { signedAnswer: (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 300 }) },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"exp"'],
);
