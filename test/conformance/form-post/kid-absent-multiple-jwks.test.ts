import { createKey } from "../../hostile-provider/signer.js";
import { refuses } from "./plan.js";

refuses(
  "oidcc-client-test-kid-absent-multiple-jwks",
  { header: () => ({ kid: undefined }), keys: (keys) => [createKey().jwk, ...keys] },
  ["ERR_OIDC_ID_TOKEN_INVALID", '"kid"'],
);
