import { refuses } from "../module.js";

refuses("oidcc-client-test-missing-exp", { claims: ({ exp: _exp, ...claims }) => claims }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"exp"',
]);
