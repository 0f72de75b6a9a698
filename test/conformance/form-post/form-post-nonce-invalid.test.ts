import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-form-post-nonce-invalid",
  { claims: (claims) => ({ ...claims, nonce: "another" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"nonce"'],
  { responseMode: "form_post" },
);
