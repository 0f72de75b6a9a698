import { refuses } from "./plan.js";

refuses("oidcc-client-test-missing-iat", { claims: ({ iat: _iat, ...claims }) => claims }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"iat"',
]);
