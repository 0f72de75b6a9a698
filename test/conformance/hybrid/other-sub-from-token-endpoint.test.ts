import { refuses } from "../module.js";

refuses(
  "own: other-sub-from-token-endpoint",
  { claims: (claims, place) => (place === "back" ? { ...claims, sub: "mallory" } : claims) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "another user (sub)"],
  { responseType: "code id_token" },
);
