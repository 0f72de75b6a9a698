import { refuses } from "./plan.js";

refuses("oidcc-client-test-missing-sub", { claims: ({ sub: _sub, ...claims }) => claims }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"sub"',
]);
