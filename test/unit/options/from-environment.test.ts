import { addOpenIdConnect, ConfigurationError, fromEnvironment } from "add-openid-connect";
import { describe, expect, it } from "vitest";

const SECRET = "unit-0123456789-abcdefghijklmnopqrstuvwxyz";
const environment = {
  OIDC_AUTHORITY: "https://login.example",
  OIDC_CLIENT_ID: "app",
  OIDC_CLIENT_SECRET: "s3cr3t-value",
  SESSION_SECRET: `${SECRET},older-${SECRET}`,
};

const problemsOf = (env: Record<string, string>): string => {
  try {
    addOpenIdConnect(fromEnvironment({ ...environment, ...env }));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error("The options were accepted.");
};

describe("options from the environment", () => {
  it("are enough to start with", () => {
    expect(addOpenIdConnect(fromEnvironment(environment))).toBeTypeOf("function");
  });

  it("of the process are read where none are given", () => {
    expect(fromEnvironment()).toEqual(fromEnvironment(process.env));
  });

  it("replace the default scope as a whole", () => {
    expect(fromEnvironment({ OIDC_SCOPE: "openid  api1" }).scope).toEqual(["openid", "api1"]);
    expect(problemsOf({ OIDC_SCOPE: "api1" })).toContain('scope: lacks "openid"');
  });

  it("give way to those of code that follow, one by one", () => {
    const options = { ...fromEnvironment(environment), clientId: "code", scope: ["openid"] };
    expect(options).toMatchObject({ authority: "https://login.example", clientId: "code", scope: ["openid"] });
    expect(addOpenIdConnect(options)).toBeTypeOf("function");
  });

  it.each([
    ["OIDC_AUTHORITY", "login.example", "authority: must be a URL with its scheme"],
    ["OIDC_AUTHORITY", "http://login.example", "requireHttpsMetadata"],
    ["OIDC_BASE_URL", '"https://app.example"', "baseUrl: is in quotes"],
    ["OIDC_REQUIRE_HTTPS", "yes", 'OIDC_REQUIRE_HTTPS must be "true" or "false"'],
    ["OIDC_CLIENT_ID", "", "clientId: is missing"],
    ["SESSION_SECRET", "short", "session.secret"],
    ["SESSION_SECRET", `${SECRET},`, "session.secret[1]"],
  ])("with %s=%s fail at start, and say why", (name, value, part) => {
    const message = problemsOf({ [name]: value });
    expect(message).toContain(part);
    for (const secret of [SECRET, environment.OIDC_CLIENT_SECRET]) expect(message).not.toContain(secret);
  });
});
