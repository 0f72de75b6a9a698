import { readFileSync } from "node:fs";
import type {
  AddOpenIdConnectOptions,
  ChallengeOptions,
  CookieOptions,
  OpenIdConnectEvents,
  RefreshOptions,
  SessionEvents,
  SessionOptions,
  TokenValidationOptions,
  TransactionOptions,
} from "add-openid-connect";
import { describe, expect, it } from "vitest";
// @ts-expect-error: a script of the docs, without types
import { optionsPage } from "../../../docs/generate-options.mjs";

type Keys<Options> = Readonly<Record<keyof Options, true>>;

/** The compiler refuses a table that lacks an option, or has one too many. */
const OPTIONS = {
  ...{ authority: true, metadataAddress: true, configuration: true, requireHttpsMetadata: true },
  ...{ automaticRefreshInterval: true, refreshInterval: true, clientId: true, clientSecret: true },
  ...{ clientAuthentication: true, clientAssertionKey: true, responseType: true, responseMode: true },
  ...{ redirectBehavior: true, usePkce: true, scope: true, prompt: true, maxAge: true, resource: true },
  ...{ acrValues: true, loginHint: true, uiLocales: true, display: true, claims: true, authorizationDetails: true },
  ...{ additionalAuthorizationParameters: true, additionalTokenParameters: true, pushedAuthorization: true },
  ...{ requestObject: true, dPoP: true, idTokenDecryptionKeys: true, tokenValidation: true },
  ...{ getClaimsFromUserInfoEndpoint: true, claimActions: true, mapUser: true, transformUser: true },
  ...{ saveTokens: true, refresh: true, baseUrl: true, loginPath: true, logoutPath: true, callbackPath: true },
  ...{ signedOutCallbackPath: true, remoteSignOutPath: true, backchannelLogoutPath: true, revokeOnSignOut: true },
  ...{ signedOutRedirectUri: true, accessDeniedPath: true, returnUrlParameter: true, transaction: true },
  ...{ backchannelTimeout: true, skipUnrecognizedRequests: true, fetch: true, now: true, logger: true, events: true },
} satisfies Keys<Omit<AddOpenIdConnectOptions, "session">>;

const SESSION = {
  ...{ secret: true, name: true, expireTimeSpan: true, slidingExpiration: true, absoluteLifetime: true },
  ...{ persistent: true, cookie: true, store: true, revocations: true, events: true, storeTimeout: true },
} satisfies Keys<SessionOptions>;

const EVENTS = {
  ...{ onRedirectToIdentityProvider: true, onPushAuthorization: true, onMessageReceived: true },
  ...{ onAuthorizationCodeReceived: true, onTokenResponseReceived: true, onTokenValidated: true },
  ...{ onUserInformationReceived: true, onAuthenticationFailed: true, onAccessDenied: true, onRemoteFailure: true },
  ...{ onTicketReceived: true, onRemoteSignOut: true, onBackchannelLogout: true, onTokenRefreshing: true },
  ...{ onTokenRefreshed: true, onTokenRefreshFailed: true, onRedirectToIdentityProviderForSignOut: true },
  ...{ onSignedOutCallbackRedirect: true },
} satisfies Keys<OpenIdConnectEvents>;

const SECTIONS: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  "Options of `addOpenIdConnect`": OPTIONS,
  "`tokenValidation`": {
    ...{ clockTolerance: true, nameClaimType: true, roleClaimType: true, algorithms: true, validIssuers: true },
  } satisfies Keys<TokenValidationOptions>,
  "`transaction`": { lifetime: true, secret: true, name: true, cookie: true } satisfies Keys<TransactionOptions>,
  "`refresh`": { before: true, coordinator: true, onInvalidGrant: true } satisfies Keys<RefreshOptions>,
  "`session`": SESSION,
  "`session.events`": {
    ...{ onValidatePrincipal: true, onSigningIn: true, onSignedIn: true, onSigningOut: true },
    onCheckSlidingExpiration: true,
  } satisfies Keys<SessionEvents>,
  "`session.cookie` and `transaction.cookie`": {
    ...{ sameSite: true, secure: true, domain: true, path: true, partitioned: true },
  } satisfies Keys<CookieOptions>,
  "`events`": EVENTS,
  "`req.oidc.challenge(options, next)`": {
    ...{ scheme: true, returnUrl: true, prompt: true, maxAge: true, scope: true, resource: true, loginHint: true },
    ...{ acrValues: true, additionalParameters: true, state: true },
  } satisfies Keys<ChallengeOptions>,
};

describe("docs/options.md", () => {
  const page = readFileSync(new URL("../../../docs/options.md", import.meta.url), "utf8");

  it("is what the types say: run node docs/generate-options.mjs after a change", () => {
    expect(page).toBe(optionsPage());
  });

  it.each(Object.keys(SECTIONS))("has a row for each option of %s, and none beside", (heading) => {
    const [, section = ""] = page.split(`\n## ${heading}\n`);
    const listed = [...(section.split("\n## ", 1)[0] ?? "").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(Object.keys(SECTIONS[heading] ?? {}).toSorted());
  });
});
