import { createKey } from "../../hostile-provider/signer.js";
import { refuses } from "./plan.js";

refuses("oidcc-client-test-invalid-sig-rs256", { key: ({ kid }) => ({ ...createKey(), kid }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  "signature verification failed",
]);
