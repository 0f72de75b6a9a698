import { createPlan } from "../module.js";

/** Where a module is that of the basic plan, but for the flow. */
export const { accepts, refuses } = createPlan({}, { responseType: "code id_token" });
