import { refusesRefresh } from "./plan.js";

refusesRefresh(
  "oidcc-client-test-refresh-token-invalid-aud",
  { claims: (claims, place) => (place === "refresh" ? { ...claims, aud: "someone-else" } : claims) },
  ["ERR_OIDC_REFRESH_REJECTED", '"aud"'],
);
