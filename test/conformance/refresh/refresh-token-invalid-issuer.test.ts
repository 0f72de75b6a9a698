import { refusesRefresh } from "./plan.js";

refusesRefresh(
  "oidcc-client-test-refresh-token-invalid-issuer",
  { claims: (claims, place) => (place === "refresh" ? { ...claims, iss: "https://evil.example" } : claims) },
  ["ERR_OIDC_REFRESH_REJECTED", '"iss"'],
);
