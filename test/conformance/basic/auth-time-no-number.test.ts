import { refuses } from "../module.js";

refuses("oidcc-client-test-auth-time-no-number", { claims: (claims) => ({ ...claims, auth_time: "now" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "auth_time",
]);
