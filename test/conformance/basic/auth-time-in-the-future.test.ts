import { refuses } from "../module.js";

refuses(
  "own: auth-time-in-the-future",
  { claims: (claims) => ({ ...claims, auth_time: Math.floor(Date.now() / 1000) + 120 }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "auth_time is in the future"],
);
