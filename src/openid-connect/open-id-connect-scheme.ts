import { isNavigation } from "../authentication/request-kind.js";
import type { Endpoint, Handled, RemoteScheme } from "../authentication/scheme-registry.js";
import { assertTokenOptions } from "../options/resolve-request-options.js";
import { apiRequest } from "../protocol/api-request.js";
import { fetchUserInfo } from "../protocol/user-info.js";
import { createUsedLogoutTokens } from "../session/used-logout-tokens.js";
import { accessToken } from "./access-token.js";
import { handleBackchannelLogout } from "./backchannel-logout.js";
import { handleCallback } from "./callback.js";
import { challenge } from "./challenge.js";
import { createClientTokens } from "./client-token.js";
import { newestTokens, revokeTokens } from "./end-session-here.js";
import { logged } from "./failure-log.js";
import { assertSessionKept } from "./kept-session.js";
import { handleLogin } from "./login.js";
import { handleLogout } from "./logout.js";
import { clearCorrelationCookies, type Remote } from "./remote.js";
import { handleRemoteSignOut } from "./remote-sign-out.js";
import { signOut } from "./sign-out.js";
import { handleSignedOutCallback } from "./signed-out-callback.js";

/** OpenID Connect as a scheme: its endpoints, one file each, and what the app may ask of it. */
export function createOpenIdConnectScheme(remote: Remote): RemoteScheme {
  const clientToken = createClientTokens(remote.provider);
  return {
    clientToken: (options) =>
      logged(remote, "client_token_failed", async () => {
        assertTokenOptions("getClientToken()", options);
        return clientToken(options);
      }),
    accessToken: (exchange, current, options, refused) =>
      logged(remote, "access_token_failed", async () => {
        assertTokenOptions("getAccessToken()", options);
        return accessToken(remote, exchange, current, options, refused);
      }),
    fetch: (token, request) => apiRequest(remote.provider, token, request),
    name: remote.name,
    endpoints: endpoints(remote),
    challenge: (exchange, current, options) =>
      logged(remote, "challenge_failed", async () => {
        // Not on the login path: who goes there by hand is in no loop.
        const mayLoop = current === undefined && isNavigation(exchange.req);
        if (mayLoop) assertSessionKept(remote, exchange);
        await challenge(remote, exchange, options, undefined, mayLoop);
      }),
    signOut: (exchange, current, options) =>
      logged(remote, "sign_out_failed", () => signOut(remote, exchange, current, options)),
    forget: (exchange) => clearCorrelationCookies(remote, exchange),
    newestTokens: (current) => newestTokens(remote, current),
    revokeTokens: (current, tokens) => revokeTokens(remote, current, tokens),
    async issuer() {
      // Sessions must end while the provider is down, too: then its authority is the best name for it.
      const metadata = await Promise.resolve(remote.provider.metadata()).catch(() => undefined);
      const { metadata: source } = remote.options;
      return metadata?.issuer ?? (source.kind === "discovery" ? source.authority : source.metadata.issuer);
    },
    fetchUserInfo: ({ accessToken, dPoPKey, session: { ticket, user } }) =>
      logged(remote, "userinfo_failed", () =>
        fetchUserInfo(remote.provider, accessToken, ticket.evidence?.subject ?? user.sub, dPoPKey),
      ),
  };
}

function endpoints(remote: Remote): ReadonlyMap<string, Endpoint> {
  const { paths } = remote.options;
  const table = new Map<string, Endpoint>([
    [paths.callback, (exchange, current) => handleCallback(remote, exchange, current)],
    [paths.signedOutCallback, (exchange) => handleSignedOutCallback(remote, exchange)],
  ]);
  const answered = (event: string, work: () => Promise<void>): Promise<Handled> =>
    logged(remote, event, work).then(() => "answered");
  if (paths.login !== undefined) {
    table.set(paths.login, (exchange) => answered("challenge_failed", () => handleLogin(remote, exchange)));
  }
  if (paths.logout !== undefined) {
    table.set(paths.logout, (exchange, current) =>
      answered("sign_out_failed", () => handleLogout(remote, exchange, current)),
    );
  }
  if (paths.remoteSignOut !== undefined) {
    table.set(paths.remoteSignOut, (exchange, current) => handleRemoteSignOut(remote, exchange, current));
  }
  if (paths.backchannelLogout !== undefined) {
    const used = createUsedLogoutTokens(remote.options.now);
    table.set(paths.backchannelLogout, (exchange) => handleBackchannelLogout(remote, used, exchange));
  }
  return table;
}
