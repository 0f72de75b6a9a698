import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-expired",
  { claims: (claims) => ({ ...claims, exp: Math.floor(Date.now() / 1000) - 120 }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "exp is 120 s before"],
);
