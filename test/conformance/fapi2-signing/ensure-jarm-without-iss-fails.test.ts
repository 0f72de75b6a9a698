import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-without-iss-fails",
  { signedAnswer: ({ iss: _iss, ...claims }) => claims },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"iss"'],
);
