import { refuses } from "../module.js";

refuses("oidcc-client-test-invalid-sig-hs256", { header: () => ({ alg: "HS256" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "id_token_signed_response_alg",
]);
