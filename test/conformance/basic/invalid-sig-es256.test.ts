import { createKey } from "../../hostile-provider/signer.js";
import { createPlan } from "../module.js";

createPlan({ alg: "ES256" }, {}).refuses(
  "oidcc-client-test-invalid-sig-es256",
  { key: ({ kid }) => ({ ...createKey("ES256"), kid }) },
  ["ERR_OIDC_ID_TOKEN_INVALID", "signature verification failed"],
);
