import { accepts } from "./plan.js";

accepts("oidcc-client-test", {});
