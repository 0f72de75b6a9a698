import { expect } from "vitest";
import { createKey } from "../../hostile-provider/signer.js";
import { accepts } from "../module.js";

// The metadata lists RS256 alone: lists are often wrong, and a safe algorithm is taken all the same.
accepts("own: idtoken-sig-eddsa", {}, {}, async ({ provider, rp, browser }) => {
  provider.rotate(createKey("EdDSA"));
  await browser.request(`${rp.url}/logout`);
  expect((await browser.signIn(`${rp.url}/login?returnUrl=/who`)).body).toContain('"sub":"alice"');
});
