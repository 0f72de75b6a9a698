import { CLIENT_KEY } from "../../hostile-provider/hostile-provider.js";
import { DEMANDS, OPTIONS } from "../fapi2-security/plan.js";
import { createPlan } from "../module.js";

/** FAPI 2.0 Message Signing 5.3 and 5.4: signed requests (JAR) and signed answers (JARM) on top of the security profile. */
export const { accepts, refuses } = createPlan(
  { ...DEMANDS, signedRequest: true },
  { ...OPTIONS, responseMode: "jwt", requestObject: { key: CLIENT_KEY.privateKey, kid: CLIENT_KEY.kid } },
);
