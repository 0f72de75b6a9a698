import { expect, test } from "vitest";
import { CLIENT, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import { Browser } from "../../support/browser.js";
import { startRelyingParty } from "../../support/relying-party.js";
import { expectRefusal } from "../module.js";

// Whoever can lead a browser to the callback could write plain parameters; a signed answer nobody else can.
test("own: plain-instead-of-signed", async () => {
  const provider = await startHostileProvider();
  const rp = await startRelyingParty(provider, { options: { ...CLIENT, responseMode: "jwt" } });
  const browser = new Browser();
  const challenge = new URL((await browser.request(`${rp.url}/login`)).headers.get("location") ?? "");
  challenge.searchParams.delete("response_mode");
  const page = await browser.open(challenge.href);
  expectRefusal(rp, page, ["ERR_OIDC_CALLBACK_MALFORMED", "it is not one signed response alone"]);
  expect(provider.asked).not.toContain("/token");
  await Promise.all([rp.stop(), provider.stop()]);
});
