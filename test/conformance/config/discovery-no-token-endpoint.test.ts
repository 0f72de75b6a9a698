import { refuses } from "../module.js";

refuses("own: discovery-no-token-endpoint", { metadata: ({ token_endpoint: _gone, ...document }) => document }, [
  "ERR_OIDC_METADATA_INCOMPLETE",
  "no token_endpoint",
]);
