import { refuses } from "./plan.js";

refuses("own: fapi2-bearer-instead-of-dpop", { tokenResponse: (body) => ({ ...body, token_type: "Bearer" }) }, [
  "ERR_OIDC_DPOP_REJECTED",
  "not bound to the key",
]);
