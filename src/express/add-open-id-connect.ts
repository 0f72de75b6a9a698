import { assertCookiesReturn } from "../options/cookie-reach.js";
import type { AddOpenIdConnectOptions } from "../options/open-id-connect-options.js";
import { Problems } from "../options/problems.js";
import { resolveOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { resolveSessionOptions } from "../options/resolve-session-options.js";
import { assertCalled } from "./assert-called.js";
import { AuthenticationBuilder } from "./authentication-builder.js";
import type { AuthenticationHandler } from "./authentication-handler.js";

/**
 * Sign-in with an OpenID Connect provider, and a session for who signed in: one middleware that serves its own
 * endpoints. Mount it before the routes that it is to protect.
 *
 * The provider is not contacted before the first sign-in, so the app starts while it is down.
 *
 * @throws ConfigurationError `ERR_OIDC_INVALID_OPTIONS` that lists everything that is wrong
 */
export function addOpenIdConnect(
  options: AddOpenIdConnectOptions,
  ...misused: readonly never[]
): AuthenticationHandler {
  assertCalled("addOpenIdConnect({ … })", [options, ...misused]);
  const problems = new Problems();
  const given: AddOpenIdConnectOptions = options ?? {};
  const session = resolveSessionOptions(problems, "session", given.session, given.transaction?.secret !== undefined);
  const remote = resolveOpenIdConnectOptions(problems, "", given, { session: true });
  assertCookiesReturn(problems, session, remote);
  problems.throwIfAny("addOpenIdConnect()");
  return new AuthenticationBuilder().addCookie(session).addOpenIdConnect("oidc", remote).build();
}
