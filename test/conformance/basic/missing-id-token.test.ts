import { refuses } from "../module.js";

refuses("oidcc-client-test-missing-id-token", { tokenResponse: ({ id_token: _token, ...body }) => body }, [
  "ERR_OIDC_PROVIDER_RESPONSE",
  "id_token",
]);
