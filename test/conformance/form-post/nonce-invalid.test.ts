import { refuses } from "./plan.js";

refuses("oidcc-client-test-nonce-invalid", { claims: (claims) => ({ ...claims, nonce: "another" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"nonce"',
]);
