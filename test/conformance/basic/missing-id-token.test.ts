import { refuses } from "../module.js";

refuses("own: missing-id-token", { tokenResponse: ({ id_token: _token, ...body }) => body }, [
  "ERR_OIDC_PROVIDER_RESPONSE",
  "has no ID token",
]);
