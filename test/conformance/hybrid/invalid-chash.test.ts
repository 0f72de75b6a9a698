import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-invalid-chash",
  { claims: (claims, place) => (place === "front" ? { ...claims, c_hash: "AAAAAAAAAAAAAAAAAAAAAA" } : claims) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "c_hash"],
  { responseType: "code id_token" },
);
