import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-signature-is-not-none",
  { header: (header, place) => (place === "answer" ? { ...header, alg: "none" } : header) },
  ["ERR_OIDC_CALLBACK_MALFORMED", '"alg"'],
);
