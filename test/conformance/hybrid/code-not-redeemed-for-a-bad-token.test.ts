import { expect, test } from "vitest";
import { CLIENT, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import { Browser } from "../../support/browser.js";
import { startRelyingParty } from "../../support/relying-party.js";

test("own: front-token-checked-before-the-code-is-redeemed", async () => {
  const provider = await startHostileProvider();
  provider.lie({ claims: (claims, place) => (place === "front" ? { ...claims, nonce: "another" } : claims) });
  const rp = await startRelyingParty(provider, { options: { ...CLIENT, responseType: "code id_token" } });
  await new Browser().signIn(`${rp.url}/login`);
  expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
  expect(provider.asked).not.toContain("/token");
  await Promise.all([rp.stop(), provider.stop()]);
});
