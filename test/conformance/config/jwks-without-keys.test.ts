import { refuses } from "../module.js";

refuses("oidcc-client-test-jwks-without-keys", { keys: () => [] }, [
  "ERR_OIDC_PROVIDER_RESPONSE",
  "without a list of keys",
]);
