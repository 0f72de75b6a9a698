import { accepts } from "./plan.js";

accepts("fapi2-security-profile-final-client-test-valid-aud-as-array", {
  claims: (claims) => ({ ...claims, aud: [claims["aud"]] }),
});
