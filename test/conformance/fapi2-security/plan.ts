import { CLIENT_KEY } from "../../hostile-provider/hostile-provider.js";
import type { Demands } from "../../hostile-provider/provider-state.js";
import { createPlan } from "../module.js";

/** What FAPI 2.0 Security Profile 5.3.2 has providers insist on, where nobody has a client certificate. */
export const DEMANDS: Demands = {
  alg: "ES256",
  pushed: true,
  dPoP: true,
  dPoPNonce: "a-nonce-of-the-provider",
  clientAuthentication: "private_key_jwt",
};

export const OPTIONS = {
  clientSecret: undefined,
  clientAssertionKey: { key: CLIENT_KEY.privateKey, kid: CLIENT_KEY.kid },
  pushedAuthorization: "require",
  dPoP: true,
  tokenValidation: { algorithms: ["PS256", "ES256", "EdDSA"] },
} as const;

export const { accepts, refuses } = createPlan(DEMANDS, OPTIONS);
