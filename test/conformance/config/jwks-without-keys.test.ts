import { refuses } from "../module.js";

refuses("own: jwks-without-keys", { keys: () => [] }, [
  "ERR_OIDC_PROVIDER_RESPONSE",
  "without a list of public signature keys",
]);
