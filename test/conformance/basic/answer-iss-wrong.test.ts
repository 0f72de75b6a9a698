import { refuses } from "../module.js";

refuses("own: answer-iss-wrong", { answer: (answer) => ({ ...answer, iss: "https://evil.example" }) }, [
  "ERR_OIDC_ISSUER_MISMATCH",
  "not of the provider that was asked",
]);
