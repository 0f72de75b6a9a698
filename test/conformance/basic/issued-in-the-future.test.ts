import { refuses } from "../module.js";

refuses(
  "own: issued-in-the-future",
  { claims: (claims) => ({ ...claims, iat: Math.floor(Date.now() / 1000) + 120 }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "in the future (iat)"],
);
