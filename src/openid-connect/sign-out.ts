import type { Exchange } from "../authentication/exchange.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import type { RedirectForSignOutContext } from "../options/events.js";
import type { SignOutOptions } from "../options/request-options.js";
import { assertSignOutOptions } from "../options/resolve-request-options.js";
import { endSessionUrl } from "../protocol/end-session.js";
import { adviseSignOut } from "./advice.js";
import { endSessionHere } from "./end-session-here.js";
import { Interruption, raise } from "./event-runner.js";
import { leave } from "./leave.js";
import { assertParameters, endpointOfEvent } from "./redirect-event.js";
import { eventBase, home, ownUrl, type Remote, redirectLocally } from "./remote.js";

/**
 * Signs out here, then at the provider (RP-Initiated Logout 1.0). The local session is gone before anything that can
 * fail; where the provider has no end session endpoint, or is down, the sign-out ends here. A refresh token is revoked
 * meanwhile.
 */
export async function signOut(
  remote: Remote,
  exchange: Exchange,
  current: SignedIn | undefined,
  given: SignOutOptions = {},
): Promise<void> {
  const { options } = remote;
  const { tokens, revoked } = await endSessionHere(remote, exchange, current);
  assertSignOutOptions(given);
  const returnUrl =
    given.returnUrl === undefined
      ? (options.signedOutRedirectUri ?? home(remote, exchange))
      : returnUrlFromCode(given.returnUrl, exchange.origin);
  const there = given.local === true ? undefined : await endSession(remote, exchange, returnUrl, tokens?.idToken);
  await revoked;
  if (there instanceof Interruption) return;
  if (there === undefined && given.local !== true) {
    options.logger?.info?.({ event: "signed_out_locally", scheme: remote.name }, "Signed out of this app alone.");
  }
  if (there === undefined) redirectLocally(exchange, returnUrl);
  else leave(remote, exchange, there.location, there.endpoint);
}

async function endSession(
  remote: Remote,
  exchange: Exchange,
  returnUrl: string,
  idToken: string | undefined,
): Promise<{ readonly location: string; readonly endpoint: string } | undefined | Interruption> {
  const { options, provider } = remote;
  const metadata = await Promise.resolve(provider.metadata()).catch(() => undefined);
  if (metadata?.end_session_endpoint === undefined) return undefined;
  const parameters: Record<string, string> = {
    client_id: options.clientId,
    post_logout_redirect_uri: ownUrl(exchange, options.paths.signedOutCallback),
    state: remote.keys.seal("sign-out", Buffer.from(returnUrl)),
  };
  if (idToken !== undefined) parameters["id_token_hint"] = idToken;
  adviseSignOut(remote, ownUrl(exchange, options.paths.signedOutCallback));
  try {
    const context = await raise<RedirectForSignOutContext>(
      options.events.onRedirectToIdentityProviderForSignOut,
      { ...eventBase(remote, exchange), parameters, endSessionEndpoint: metadata.end_session_endpoint },
      ["handled"],
    );
    assertParameters("onRedirectToIdentityProviderForSignOut", context.parameters);
    const endpoint =
      context.endSessionEndpoint === metadata.end_session_endpoint
        ? metadata.end_session_endpoint
        : endpointOfEvent(remote, context.endSessionEndpoint);
    const location = endSessionUrl(provider, { ...metadata, end_session_endpoint: endpoint }, context.parameters);
    return location === undefined ? undefined : { location, endpoint };
  } catch (thrown) {
    if (thrown instanceof Interruption) return thrown;
    throw thrown;
  }
}
