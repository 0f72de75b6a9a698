import { createKey } from "../../hostile-provider/signer.js";
import { refuses } from "./plan.js";

refuses(
  "fapi2-security-profile-final-client-test-invalid-signature",
  { key: ({ kid }) => ({ ...createKey("ES256"), kid }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "signature verification failed"],
);
