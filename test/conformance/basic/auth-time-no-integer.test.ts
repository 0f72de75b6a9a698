import { refuses } from "../module.js";

refuses(
  "own: auth-time-no-integer",
  { claims: (claims) => ({ ...claims, auth_time: Math.floor(Date.now() / 1000) - 0.5 }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "auth_time is not a whole number"],
);
