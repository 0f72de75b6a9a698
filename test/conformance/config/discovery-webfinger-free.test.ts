import { accepts } from "../module.js";

accepts("oidcc-client-test-discovery-webfinger-free", {
  metadata: ({ code_challenge_methods_supported: _methods, ...document }) => document,
});
