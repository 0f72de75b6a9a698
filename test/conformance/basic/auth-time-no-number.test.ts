import { refuses } from "../module.js";

refuses("own: auth-time-no-number", { claims: (claims) => ({ ...claims, auth_time: "now" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "auth_time",
]);
