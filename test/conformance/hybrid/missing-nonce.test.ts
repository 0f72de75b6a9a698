import { refuses } from "../module.js";

refuses(
  "own: missing-nonce",
  { claims: ({ nonce: _nonce, ...claims }) => claims },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"nonce"'],
  { responseType: "code id_token" },
);
