import { type AddOpenIdConnectOptions, addOpenIdConnect } from "add-openid-connect";
import { expect, it } from "vitest";
import { SECRET } from "../../support/relying-party.js";

const base: AddOpenIdConnectOptions = {
  authority: "https://login.example",
  clientId: "app",
  session: { secret: SECRET },
};

/** Warnings of a start with these options. Node tells of them a tick later. */
async function warningsOf(options: AddOpenIdConnectOptions): Promise<readonly Error[]> {
  const warnings: Error[] = [];
  const listener = (warning: Error) => warnings.push(warning);
  process.on("warning", listener);
  addOpenIdConnect(options);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listener);
  return warnings;
}

it("an app whose sessions live in the cookie is told once, in one line, how far a back-channel logout reaches", async () => {
  expect(await warningsOf({ ...base, backchannelLogoutPath: false })).toEqual([]);
  const [warning, ...more] = await warningsOf(base);
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ name: "OpenIdConnectWarning", code: "OIDC_LOGOUT_REACH" });
  expect(warning?.message).toMatch(/^[^\n]*session\.store[^\n]*backchannelLogoutPath: false[^\n]*$/);
  expect(await warningsOf(base)).toEqual([]);
});
