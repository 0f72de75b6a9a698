import { refuses } from "../module.js";

refuses(
  "oidcc-client-test-form-post-error",
  { answer: ({ state, iss }) => ({ state, iss, error: "access_denied" }) },
  ["ERR_OIDC_ACCESS_DENIED", "access_denied"],
  { responseMode: "form_post" },
);
