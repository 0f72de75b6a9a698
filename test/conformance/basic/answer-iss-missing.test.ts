import { refuses } from "../module.js";

refuses("own: answer-iss-missing", { answer: (answer) => ({ ...answer, iss: undefined }) }, [
  "ERR_OIDC_ISSUER_MISMATCH",
  "promises an iss",
]);
