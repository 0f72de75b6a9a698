import { createKey } from "../../hostile-provider/signer.js";
import { refuses } from "./plan.js";

refuses(
  "fapi2-message-signing-final-client-test-ensure-jarm-with-invalid-sig-fails",
  { key: (key, place) => (place === "answer" ? { ...createKey("ES256"), kid: key.kid } : key) },
  ["ERR_OIDC_CALLBACK_MALFORMED", "signature verification failed"],
);
