import { refuses } from "./plan.js";

refuses("own: answer-state-missing", { answer: (answer) => ({ ...answer, state: undefined }) }, [
  "ERR_OIDC_STATE_MISSING",
  "it has no state",
]);
