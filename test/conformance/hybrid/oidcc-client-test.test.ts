import { accepts } from "../module.js";

accepts("oidcc-client-test", {}, { responseType: "code id_token" });
