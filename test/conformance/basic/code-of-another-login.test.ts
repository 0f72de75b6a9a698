import { refuses } from "../module.js";

// PKCE and nonce both stand against it; the provider is the first that sees it.
refuses("own: code-of-another-login", { answer: (answer) => ({ ...answer, code: "of-someone-else" }) }, [
  "ERR_OIDC_CODE_REJECTED",
  "invalid_grant",
]);
