import { accepts } from "../module.js";

accepts("oidcc-client-test-idtoken-sig-rs256", {}, { responseType: "id_token" });
