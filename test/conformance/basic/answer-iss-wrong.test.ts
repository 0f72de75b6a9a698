import { refuses } from "../module.js";

refuses("oidcc-client-test-answer-iss-wrong", { answer: (answer) => ({ ...answer, iss: "https://evil.example" }) }, [
  "ERR_OIDC_ISSUER_MISMATCH",
  "not of the provider that was asked",
]);
