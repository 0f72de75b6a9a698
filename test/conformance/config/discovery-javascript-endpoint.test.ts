import { refuses } from "../module.js";

refuses(
  "own: discovery-javascript-endpoint",
  { metadata: (document) => ({ ...document, authorization_endpoint: "javascript:alert(1)" }) },
  ["ERR_OIDC_METADATA_INVALID", "not an http(s) URL as authorization_endpoint"],
);
