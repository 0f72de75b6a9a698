import { refuses } from "../module.js";

refuses("own: expired", { claims: (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 120 }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "its exp is",
]);
