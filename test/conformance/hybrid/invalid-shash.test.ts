import { refuses } from "../module.js";

refuses(
  "own: invalid-shash",
  { claims: (claims, place) => (place === "front" ? { ...claims, s_hash: "AAAAAAAAAAAAAAAAAAAAAA" } : claims) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "s_hash"],
  { responseType: "code id_token" },
);
