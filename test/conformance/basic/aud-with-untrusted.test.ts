import { refuses } from "../module.js";

refuses("own: aud-with-untrusted", { claims: (claims) => ({ ...claims, aud: [claims["aud"], "someone-else"] }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "additional untrusted audiences",
]);
