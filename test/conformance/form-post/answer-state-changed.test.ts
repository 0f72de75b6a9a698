import { refuses } from "./plan.js";

refuses("own: answer-state-changed", { answer: (answer) => ({ ...answer, state: "changed" }) }, [
  "ERR_OIDC_STATE_INVALID",
  "not made by this app",
]);
