import { accepts } from "../module.js";

accepts("oidcc-client-test-missing-athash", { claims: ({ at_hash: _hash, ...claims }) => claims });
