import { refuses } from "./plan.js";

refuses("own: answer-error", { answer: ({ state, iss }) => ({ state, iss, error: "access_denied" }) }, [
  "ERR_OIDC_ACCESS_DENIED",
  "access_denied",
]);
