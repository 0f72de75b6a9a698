import { refuses } from "../module.js";

refuses(
  "own: other-iss-from-token-endpoint",
  { claims: (claims, place) => (place === "back" ? { ...claims, iss: "https://evil.example" } : claims) },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"iss"'],
  { responseType: "code id_token" },
);
