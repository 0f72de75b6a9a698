import { refuses } from "../module.js";

refuses("fapi2-security-profile-client-test-invalid-null-alg", { header: () => ({ alg: "none" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "alg none",
]);
