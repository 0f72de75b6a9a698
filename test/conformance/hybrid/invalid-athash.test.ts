import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-invalid-athash",
  { claims: (claims, place) => (place === "back" ? { ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" } : claims) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "at_hash"],
  { responseType: "code id_token" },
);
