import { accepts } from "../module.js";

accepts(
  "oidcc-client-test-kid-absent-single-jwks",
  { header: () => ({ kid: undefined }) },
  { responseType: "id_token" },
);
