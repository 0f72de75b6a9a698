import { accepts } from "../module.js";

accepts("oidcc-client-test", {});
