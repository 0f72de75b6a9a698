import { expect } from "vitest";
import { claimsOf } from "../../support/token-forge.js";
import { createPlan } from "../module.js";
import { DEMANDS, OPTIONS } from "./plan.js";

const { dPoPNonce: _nonce, ...demands } = DEMANDS;

createPlan(demands, OPTIONS).accepts(
  "fapi2-security-profile-final-client-test-happy-path-no-dpop-nonce",
  {},
  {},
  ({ provider }) => {
    expect(provider.tokenRequests).toHaveLength(1);
    expect(claimsOf(provider.tokenRequests[0]?.proof)).not.toHaveProperty("nonce");
  },
);
