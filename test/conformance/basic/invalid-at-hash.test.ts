import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-invalid-athash",
  { claims: (claims) => ({ ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "at_hash"],
);
