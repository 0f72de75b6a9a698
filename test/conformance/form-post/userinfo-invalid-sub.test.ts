import { refuses } from "./plan.js";

refuses(
  "oidcc-client-test-userinfo-invalid-sub",
  { userInfo: (claims) => ({ ...claims, sub: "mallory" }) },
  ["ERR_OIDC_USERINFO_FAILED", '"sub"'],
  {
    getClaimsFromUserInfoEndpoint: true,
  },
);
