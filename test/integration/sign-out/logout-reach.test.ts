import { type AddOpenIdConnectOptions, type AuthenticationHandler, addOpenIdConnect } from "add-openid-connect";
import session from "express-session";
import { expect, it } from "vitest";
import { SECRET } from "../../support/relying-party.js";

const base: AddOpenIdConnectOptions = {
  authority: "https://login.example",
  clientId: "app",
  session: { secret: SECRET },
};

/** Warnings of a start with these options, and of what is done then. Node tells of them a tick later. */
async function warningsOf(
  options: AddOpenIdConnectOptions,
  run?: (auth: AuthenticationHandler) => Promise<void>,
): Promise<readonly Error[]> {
  const warnings: Error[] = [];
  const listener = (warning: Error) => warnings.push(warning);
  process.on("warning", listener);
  const auth = addOpenIdConnect(options);
  await run?.(auth);
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

it("who ends all sessions of a user in a store is told once if other processes do not look for that", async () => {
  const stored = (backchannel_logout_supported: boolean): AddOpenIdConnectOptions => ({
    clientId: "app",
    configuration: {
      issuer: "https://login.example",
      authorization_endpoint: "https://login.example/authorize",
      token_endpoint: "https://login.example/token",
      jwks_uri: "https://login.example/jwks",
      backchannel_logout_supported,
    },
    session: { secret: SECRET, store: new session.MemoryStore() },
  });
  expect(await warningsOf(stored(true), (auth) => auth.revoke({ sub: "alice" }))).toEqual([]);
  expect(await warningsOf(stored(false), (auth) => auth.revoke({ sid: "s" }))).toEqual([]);
  const warnings = await warningsOf(stored(false), (auth) => auth.revoke({ sub: "alice" }));
  expect(warnings).toMatchObject([{ code: "OIDC_LOGOUT_REACH", message: expect.stringContaining("sessionId") }]);
  expect(await warningsOf(stored(false), (auth) => auth.revoke({ sub: "bob" }))).toEqual([]);
});
