import { type AddOpenIdConnectOptions, addOpenIdConnect, ConfigurationError } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { useWarnings } from "../../support/warnings.js";

const SECRET = "unit-0123456789-abcdefghijklmnopqrstuvwxyz";

const warnings = useWarnings();

/** What a start with the options says; "" when they are accepted. */
function problemsOf(options: object): string {
  try {
    addOpenIdConnect({
      authority: "https://login.example",
      clientId: "app",
      session: { secret: SECRET },
      ...options,
    } as AddOpenIdConnectOptions);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: "ERR_OIDC_INVALID_OPTIONS" });
    return (error as Error).message;
  }
}

const session = (options: object) => ({ session: { secret: SECRET, ...options } });

const circular: Record<string, unknown> = {};
circular["itself"] = circular;

const PATHS: readonly string[] = [
  ...["authority", "metadataAddress", "configuration", "requireHttpsMetadata", "automaticRefreshInterval"],
  ...["refreshInterval", "clientId", "clientSecret", "clientAuthentication", "clientAssertionKey", "responseType"],
  ...["responseMode", "redirectBehavior", "usePkce", "scope", "prompt", "maxAge", "resource", "acrValues"],
  ...["loginHint", "uiLocales", "display", "claims", "authorizationDetails", "additionalAuthorizationParameters"],
  ...["additionalTokenParameters", "pushedAuthorization", "requestObject", "dPoP", "idTokenDecryptionKeys"],
  ...["tokenValidation", "getClaimsFromUserInfoEndpoint", "claimActions", "mapUser", "transformUser", "saveTokens"],
  ...["refresh", "baseUrl", "loginPath", "logoutPath", "callbackPath", "signedOutCallbackPath"],
  ...["remoteSignOutPath", "backchannelLogoutPath", "revokeOnSignOut", "signedOutRedirectUri", "accessDeniedPath"],
  ...["returnUrlParameter", "transaction", "backchannelTimeout", "skipUnrecognizedRequests", "fetch", "now"],
  ...["logger", "events", "session", "session.secret", "session.name", "session.expireTimeSpan"],
  ...["session.slidingExpiration", "session.absoluteLifetime", "session.persistent", "session.cookie"],
  ...["session.store", "session.revocations", "session.events", "session.storeTimeout", "session.cookie.sameSite"],
  ...["session.cookie.secure", "session.cookie.domain", "session.cookie.path", "session.cookie.partitioned"],
  ...["session.events.onSigningIn", "events.onTokenValidated", "transaction.lifetime", "transaction.secret"],
  ...["transaction.name", "transaction.cookie", "tokenValidation.clockTolerance", "tokenValidation.nameClaimType"],
  ...["tokenValidation.roleClaimType", "tokenValidation.algorithms", "tokenValidation.validIssuers"],
  ...["refresh.before", "refresh.coordinator", "refresh.onInvalidGrant", "configuration.issuer"],
];

/** Of no option a value. */
const JUNK: readonly unknown[] = [Number.NaN, Number.NEGATIVE_INFINITY, -1, 1e308, "", [], [null], 10n, Symbol("junk")];

/** Where one of the junk is a value: an empty list saves nothing. */
const isValue = (path: string, value: unknown) => path === "saveTokens" && Array.isArray(value) && value.length === 0;

describe("a value that an option cannot have", () => {
  it.each(PATHS)("of %s is a ConfigurationError that names it", (path) => {
    for (const value of [...JUNK, null]) {
      if (isValue(path, value)) continue;
      const options: Record<string, unknown> = session({});
      const names = path.split(".");
      const last = names.pop() ?? "";
      let at = options;
      for (const name of names) {
        at[name] ??= {};
        at = at[name] as Record<string, unknown>;
      }
      at[last] = value;
      const found = [String(value), problemsOf(options)];
      expect(found).toEqual([String(value), expect.stringContaining(`- ${path}`)]);
    }
  });

  it.each([
    ["claims with a bigint", { claims: { userinfo: { age: { value: 1n } } } }, "claims: cannot be written as JSON"],
    ["authorizationDetails in a circle", { authorizationDetails: [{ type: "x", circular }] }, "authorizationDetails"],
    ["configuration with bad endpoints", { configuration: { issuer: "https://a.example", jwks_uri: 5 } }, "jwks_uri"],
    ["now in milliseconds", { now: Date.now }, "now: must answer seconds"],
    ["now that fails", { now: () => Promise.reject(new Error()).catch(() => 0) }, "now: must answer seconds"],
    ["a logger of texts", { logger: { info: "x" } }, "logger.info: must be a function"],
    ["a logger of nothing", { logger: {} }, "logger: has none of"],
    ["milliseconds as timeout", { backchannelTimeout: 30_000 }, "not milliseconds"],
    ["milliseconds as store timeout", session({ storeTimeout: 5_000 }), "not milliseconds"],
    ["a coordinator without once", { refresh: { coordinator: {} } }, "refresh.coordinator: has no once()"],
    ["scopes with commas", { scope: "openid,profile" }, 'scope: holds "openid,profile"'],
    ["scopes in one entry", { scope: ["openid profile"] }, 'scope: holds "openid profile"'],
    ["prompt none and more", { prompt: "none login" }, "prompt: is"],
    ["a prefix in a name", session({ name: "__Host-app" }), 'session.name: must be without "__Host-"'],
    ["an authority to be filled in", { authority: "https://login.example/{tenant}" }, "authority: holds a placeholder"],
    ["the folder of the metadata", { authority: "https://login.example/.well-known" }, "authority: is a metadata"],
    ["a client id that is missing", { clientId: String(undefined) }, 'clientId: is "undefined"'],
    ["a denial that goes round", { accessDeniedPath: "/login" }, "accessDeniedPath: is"],
    ["a sign-out that goes round", { signedOutRedirectUri: "/logout" }, "signedOutRedirectUri: is"],
    ["a sample's secret", session({ secret: "a long, randomly-generated string stored in env" }), "placeholder"],
    [
      "partitioned without Secure",
      session({ cookie: { partitioned: true, secure: false } }),
      "session.cookie.partitioned",
    ],
    ["an issuer option elsewhere", { tokenValidation: { issuer: "x" } }, 'Did you mean "validIssuers"?'],
    ["a key under another name", { clientAssertionKey: { key: "x", algorithm: "RS256" } }, 'Did you mean "alg"?'],
    ["a name of every object", { constructor: 1, tokenValidation: { toString: 1 } }, "constructor: unknown option"],
    ["HttpOnly in a cookie", session({ cookie: { httponly: false } }), "session.cookie.httponly: is always on"],
  ])("is told: %s", (_name, options, part) => {
    expect(problemsOf(options)).toContain(part);
  });

  it.each([
    ["Secure", { secure: true }, "secure"],
    ["SameSite=None", { sameSite: "none" }, "sameSite"],
    ["Partitioned", { partitioned: true }, "partitioned"],
    ["another host's", { domain: "other.example" }, "domain"],
    ["another path's", { path: "/elsewhere" }, "path"],
  ])("is told at start of a cookie that browsers would drop by baseUrl: %s", (_name, cookie, option) => {
    const baseUrl = "http://app.example/shop";
    expect(problemsOf({ baseUrl, ...session({ cookie }) })).toContain(`session.cookie.${option}: `);
    expect(problemsOf({ baseUrl, transaction: { cookie } })).toContain(`transaction.cookie.${option}: `);
    expect(problemsOf(session({ cookie }))).toBe("");
    const fits = { baseUrl: "https://app.other.example/elsewhere/shop", ...session({ cookie }) };
    expect(problemsOf(fits)).toBe("");
  });

  it("never shows a password out of a URL", () => {
    for (const authority of [
      "https://me:pa55word@login.example",
      "me:pa55word@login.example",
      '"https://me:pa55word@x"',
    ]) {
      expect(problemsOf({ authority })).toContain("authority: ");
      expect(problemsOf({ authority })).not.toContain("pa55word");
    }
  });
});

describe("claimActions that do not work", () => {
  it.each([
    [
      "throw",
      () => {
        throw new Error("of the app's own");
      },
      "of the app's own",
    ],
    [
      "take a list for a name",
      (actions: { deleteClaims(names: unknown): void }) => actions.deleteClaims(["phone"]),
      "one by one",
    ],
    ["name no key", (actions: { mapJsonKey(name: string): void }) => actions.mapJsonKey("dept"), "mapJsonKey"],
    ["misspell a verb", (actions: { mapJson(): void }) => actions.mapJson(), "mapJson"],
    ["are async", async () => undefined, "must not be async"],
  ])("because they %s are told at start", (_name, claimActions, part) => {
    expect(problemsOf({ claimActions })).toMatch(/claimActions: /);
    expect(problemsOf({ claimActions })).toContain(part);
  });
});

describe("what may be right, and is mostly wrong, is warned of at start", () => {
  it.each([
    ["SameSite=Strict", session({ cookie: { sameSite: "strict" } }), 'session.cookie.sameSite is "strict"'],
    ["a correlation cookie that is Strict", { transaction: { cookie: { sameSite: "strict" } } }, "transaction.cookie"],
    ["a client secret that is none", { clientSecret: "<your-client-secret>" }, "clientSecret looks like a placeholder"],
    [
      "cookies that go over http too",
      { baseUrl: "https://app.example", ...session({ cookie: { secure: false } }) },
      "session.cookie.secure is false",
    ],
  ])("%s", (_name, options, part) => {
    expect(problemsOf(options)).toBe("");
    expect(warnings.join("\n")).toContain(part);
  });

  it("but not SameSite=Strict where provider and app are one site", () => {
    expect(problemsOf({ baseUrl: "https://app.login.example", ...session({ cookie: { sameSite: "strict" } }) })).toBe(
      "",
    );
    expect(warnings.join("\n")).not.toContain("strict");
  });
});
