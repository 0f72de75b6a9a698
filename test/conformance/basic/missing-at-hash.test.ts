import { accepts } from "../module.js";

accepts("oidcc-client-test-missing-at-hash", { claims: ({ at_hash: _hash, ...claims }) => claims });
