import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-invalid-at-hash",
  { claims: (claims) => ({ ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "at_hash"],
);
