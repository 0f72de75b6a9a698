import { accepts } from "./plan.js";

accepts("oidcc-client-test-idtoken-sig-rs256", {});
