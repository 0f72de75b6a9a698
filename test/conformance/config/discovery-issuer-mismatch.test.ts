import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-discovery-issuer-mismatch",
  { metadata: (document) => ({ ...document, issuer: "https://evil.example" }) },
  ["ERR_OIDC_METADATA_INVALID", "https://evil.example"],
);
