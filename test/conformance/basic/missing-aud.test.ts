import { refuses } from "../module.js";

refuses("oidcc-client-test-missing-aud", { claims: ({ aud: _aud, ...claims }) => claims }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"aud"',
]);
