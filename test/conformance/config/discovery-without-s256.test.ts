import { accepts } from "../module.js";

accepts("own: discovery-without-s256", {
  metadata: ({ code_challenge_methods_supported: _methods, ...document }) => document,
});
