import { accepts } from "../module.js";

accepts("oidcc-client-test-form-post", {}, { responseMode: "form_post" });
