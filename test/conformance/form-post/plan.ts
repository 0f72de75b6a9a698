import { createPlan } from "../module.js";

/** The modules of the basic plan, with answers that the browser posts. */
export const { accepts, refuses } = createPlan({}, { responseMode: "form_post" });
