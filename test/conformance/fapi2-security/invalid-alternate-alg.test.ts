import { createKey } from "../../hostile-provider/signer.js";
import { refuses } from "./plan.js";

// A key that the provider does publish: the algorithm alone is wrong, since FAPI 2.0 does without RS256.
const rsa = createKey("RS256");

refuses(
  "fapi2-security-profile-final-client-test-invalid-alternate-alg",
  {
    key: () => rsa,
    header: (header) => ({ ...header, alg: "RS256", kid: rsa.kid }),
    keys: (keys) => [...keys, rsa.jwk],
  },
  ["ERR_OIDC_ID_TOKEN_INVALID", "alg RS256"],
);
