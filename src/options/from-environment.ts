import { ConfigurationError } from "../errors.js";
import type { AddOpenIdConnectOptions } from "./open-id-connect-options.js";

/** What `fromEnvironment` reads; spread it into the options, and code given after it wins. */
export type EnvironmentOptions = Pick<
  AddOpenIdConnectOptions,
  "authority" | "clientId" | "clientSecret" | "scope" | "baseUrl" | "requireHttpsMetadata" | "session"
>;

/**
 * Reads `OIDC_AUTHORITY`, `OIDC_CLIENT_ID`, `OIDC_CLIENT_SECRET`, `OIDC_SCOPE` (blanks between), `OIDC_BASE_URL`,
 * `OIDC_REQUIRE_HTTPS` ("true" or "false") and `SESSION_SECRET` (commas between: the first seals, all open).
 * What is not set, or empty, is left out.
 *
 * @throws ConfigurationError `ERR_OIDC_INVALID_OPTIONS` when `OIDC_REQUIRE_HTTPS` is neither "true" nor "false".
 */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): EnvironmentOptions {
  const read = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const requireHttps = read("OIDC_REQUIRE_HTTPS");
  if (requireHttps !== undefined && requireHttps !== "true" && requireHttps !== "false") {
    throw new ConfigurationError(
      "ERR_OIDC_INVALID_OPTIONS",
      `OIDC_REQUIRE_HTTPS must be "true" or "false", is "${requireHttps}".`,
    );
  }
  const secret = read("SESSION_SECRET")?.split(",");
  const options = {
    authority: read("OIDC_AUTHORITY"),
    clientId: read("OIDC_CLIENT_ID"),
    clientSecret: read("OIDC_CLIENT_SECRET"),
    scope: read("OIDC_SCOPE")?.trim().split(/\s+/),
    baseUrl: read("OIDC_BASE_URL"),
    requireHttpsMetadata: requireHttps === undefined ? undefined : requireHttps === "true",
    session: secret === undefined ? undefined : { secret },
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
