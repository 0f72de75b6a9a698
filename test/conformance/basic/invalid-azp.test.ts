import { refuses } from "../module.js";

refuses("own: invalid-azp", { claims: (claims) => ({ ...claims, azp: "someone-else" }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "azp",
]);
