import { refuses } from "../module.js";

refuses("oidcc-client-test-idtoken-sig-none", { header: () => ({ alg: "none" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "id_token_signed_response_alg",
]);
