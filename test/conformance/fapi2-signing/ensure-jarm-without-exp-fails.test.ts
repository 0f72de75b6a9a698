import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-without-exp-fails",
  { signedAnswer: ({ exp: _exp, ...claims }) => claims },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"exp"'],
);
