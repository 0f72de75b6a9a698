import { createKey } from "../../hostile-provider/signer.js";
import { refusesRefresh } from "./plan.js";

refusesRefresh("own: refresh-token-invalid-sig", { key: ({ kid }) => ({ ...createKey(), kid }) }, [
  "ERR_OIDC_REFRESH_REJECTED",
  "signature verification failed",
]);
