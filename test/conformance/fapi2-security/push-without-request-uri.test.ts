import { refuses } from "./plan.js";

refuses("own: fapi2-push-without-request-uri", { pushResponse: ({ request_uri: _uri, ...body }) => body }, [
  "ERR_OIDC_PROVIDER_RESPONSE",
  "request_uri",
]);
