import {
  type AddOpenIdConnectOptions,
  addOpenIdConnect,
  ConfigurationError,
  fromEnvironment,
} from "add-openid-connect";
import { describe, expect, it } from "vitest";

const SECRET = "unit-0123456789-abcdefghijklmnopqrstuvwxyz";

const good: AddOpenIdConnectOptions = {
  authority: "https://login.example",
  clientId: "app",
  clientSecret: "s3cr3t-value",
  session: { secret: SECRET },
};

function problemsOf(options: unknown): string {
  try {
    addOpenIdConnect(options as AddOpenIdConnectOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: "ERR_OIDC_INVALID_OPTIONS" });
    return (error as Error).message;
  }
  throw new Error("The options were accepted.");
}

describe("options", () => {
  it("that are good are accepted, and nothing is fetched at start", () => {
    const fetched: unknown[] = [];
    const middleware = addOpenIdConnect({ ...good, fetch: (async (url: unknown) => fetched.push(url)) as never });
    expect(middleware).toBeTypeOf("function");
    expect(fetched).toEqual([]);
  });

  it("without clientId name clientId", () => {
    expect(problemsOf({ ...good, clientId: undefined })).toContain("clientId: is missing");
  });

  it("without a source of metadata list the three", () => {
    const message = problemsOf({ ...good, authority: undefined });
    for (const source of ["authority", "metadataAddress", "configuration"]) expect(message).toContain(source);
  });

  it.each(["authority", "metadataAddress"])(
    "with an http %s are refused, loopback included, unless opted out",
    (name) => {
      for (const url of ["http://login.example", "http://localhost:5000"]) {
        const options = { ...good, authority: "https://login.example", [name]: url };
        expect(problemsOf(options)).toContain("requireHttpsMetadata");
        expect(addOpenIdConnect({ ...options, requireHttpsMetadata: false })).toBeTypeOf("function");
      }
    },
  );

  it("tell every problem at once", () => {
    const message = problemsOf({
      authority: "login.example",
      scope: ["profile"],
      maxAge: -1,
      session: { secret: "short" },
    });
    for (const part of ["authority", "clientId", "scope", "maxAge", "session.secret"])
      expect(message).toContain(`${part}: `);
  });

  it.each([
    ["clientID", "clientId"],
    ["Authority", "authority"],
    ["issuer", "authority"],
    ["issuerBaseURL", "authority"],
    ["saveToken", "saveTokens"],
    ["scopes", "scope"],
    ["callbackUrl", "callbackPath"],
    ["usePKCE", "usePkce"],
    ["secret", "session"],
  ])("with the unknown name %s suggest %s", (given, meant) => {
    expect(problemsOf({ ...good, [given]: "x" })).toContain(`${given}: unknown option. Did you mean "${meant}"?`);
  });

  it("of nested objects are known by name too", () => {
    expect(problemsOf({ ...good, session: { secret: SECRET, slidingExpiry: true } })).toContain(
      'session.slidingExpiry: unknown option. Did you mean "slidingExpiration"?',
    );
    expect(problemsOf({ ...good, events: { onTokenValidate: () => undefined } })).toContain("onTokenValidated");
  });

  it.each([
    [undefined, "is missing"],
    ["", "32"],
    ["too-short", "32"],
    ["keyboard cat keyboard cat keyboard cat", "placeholder"],
    ["change-me-change-me-change-me-change-me", "placeholder"],
    [`${SECRET}\n`, "line break"],
    [[], "is missing"],
    [[SECRET, "short"], "session.secret[1]"],
    [12345, "is missing"],
  ])("with the session secret %j are refused", (secret, part) => {
    const message = problemsOf({ ...good, session: { secret } });
    expect(message).toContain(part);
    if (typeof secret === "string" && secret !== "") expect(message).not.toContain(secret.trim());
  });

  it("never repeat a secret", () => {
    const message = problemsOf({
      ...good,
      clientSecret: " s3cr3t-value\n",
      clientId: undefined,
      session: { secret: ["abc-def"] },
    });
    expect(message).toContain("clientSecret");
    expect(message).not.toContain("s3cr3t-value");
    expect(message).not.toContain("abc-def");
  });

  it.each([
    ["authority", '"https://login.example"', "quotes"],
    ["authority", "login.example", "https://login.example"],
    ["authority", "https://login.example ", "blanks"],
    ["authority", "https://login.example/.well-known/openid-configuration", "metadataAddress"],
    ["authority", "https://login.example?x=1", "query"],
    ["baseUrl", "app.example", "scheme"],
    ["callbackPath", "signin", "path"],
    ["callbackPath", "https://app.example/signin", "path"],
    ["callbackPath", "/login", "each needs its own"],
    ["scope", ["profile"], "openid"],
    ["scope", [], "list of texts"],
    ["maxAge", -1, "0 or more"],
    ["maxAge", 1.5, "whole"],
    ["saveTokens", ["access"], "access_token"],
    ["usePkce", "yes", "true or false"],
    ["responseType", "token", "code"],
    ["additionalAuthorizationParameters", { state: "x" }, "belongs to the protocol"],
    ["additionalTokenParameters", { code_verifier: "x" }, "belongs to the protocol"],
    ["tokenValidation", { algorithms: ["none"] }, "not one of"],
    ["tokenValidation", { algorithms: ["HS256"] }, "not one of"],
    ["signedOutRedirectUri", "javascript:alert(1)", "path of this app"],
    ["events", { onTokenValidated: "x" }, "function"],
    ["session", "x".repeat(40), "object"],
  ])("with %s %j say what is wrong", (name, value, part) => {
    const message = problemsOf({ ...good, [name]: value });
    expect(message).toContain(name);
    expect(message).toContain(part);
  });

  it.each([undefined, null, "x", 1])("that are %j are a clear error", (options) => {
    expect(problemsOf(options)).toContain("clientId");
  });

  it("changed after the call change nothing", () => {
    const scope = ["openid"];
    addOpenIdConnect({ ...good, scope });
    scope.push("evil");
    expect(Object.isFrozen(good)).toBe(false);
  });
});

describe("fromEnvironment", () => {
  it("reads what is set and leaves out the rest", () => {
    expect(
      fromEnvironment({
        OIDC_AUTHORITY: "https://login.example",
        OIDC_CLIENT_ID: "app",
        OIDC_CLIENT_SECRET: "",
        OIDC_SCOPE: "openid email",
        OIDC_REQUIRE_HTTPS: "false",
        SESSION_SECRET: "one,two",
      }),
    ).toEqual({
      authority: "https://login.example",
      clientId: "app",
      scope: ["openid", "email"],
      requireHttpsMetadata: false,
      session: { secret: ["one", "two"] },
    });
    expect(fromEnvironment({})).toEqual({});
  });

  it("refuses what it cannot read", () => {
    expect(() => fromEnvironment({ OIDC_REQUIRE_HTTPS: "maybe" })).toThrow(ConfigurationError);
  });
});
