import { accepts } from "./plan.js";

accepts("oidcc-client-test-kid-absent-single-jwks", { header: () => ({ kid: undefined }) });
