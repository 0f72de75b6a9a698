import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-without-aud-fails",
  { signedAnswer: ({ aud: _aud, ...claims }) => claims },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"aud"'],
);
