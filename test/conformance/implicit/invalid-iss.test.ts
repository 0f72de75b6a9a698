import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-invalid-iss",
  { claims: (claims) => ({ ...claims, iss: "https://evil.example" }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"iss"'],
  { responseType: "id_token" },
);
