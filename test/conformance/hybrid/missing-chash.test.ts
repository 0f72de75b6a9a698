import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-missing-chash",
  { claims: ({ c_hash: _hash, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", "c_hash"],
  { responseType: "code id_token" },
);
