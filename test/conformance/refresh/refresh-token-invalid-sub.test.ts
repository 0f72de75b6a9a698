import { refusesRefresh } from "./plan.js";

refusesRefresh(
  "oidcc-client-test-refresh-token-invalid-sub",
  { claims: (claims, place) => (place === "refresh" ? { ...claims, sub: "mallory" } : claims) },
  ["ERR_OIDC_REFRESH_REJECTED", "its sub is another"],
);
