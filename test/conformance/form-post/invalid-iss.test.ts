import { refuses } from "./plan.js";

refuses("oidcc-client-test-invalid-iss", { claims: (claims) => ({ ...claims, iss: `${claims["iss"]}/other` }) }, [
  "ERR_OIDC_ID_TOKEN_INVALID",
  '"iss"',
]);
