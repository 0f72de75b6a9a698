import * as oauth from "oauth4webapi";
import { createClient } from "./client.js";
import type { Provider } from "./provider.js";
import { translateError } from "./provider-errors.js";
import { type TokenLifetime, tokenLifetime } from "./token-lifetime.js";

/** A token of the app's own, not of a user's. */
export interface ClientToken extends TokenLifetime {
  readonly accessToken: string;
}

/**
 * Client credentials of the same registration (RFC 6749 4.4).
 *
 * @throws ConfigurationError, ProviderError
 */
export async function requestClientToken(
  provider: Provider,
  scope: string | undefined,
  resource: string | undefined,
): Promise<ClientToken> {
  const metadata = await provider.metadata();
  const client = createClient(provider, metadata);
  try {
    const parameters = new URLSearchParams();
    if (scope !== undefined) parameters.set("scope", scope);
    if (resource !== undefined) parameters.set("resource", resource);
    const response = await oauth.clientCredentialsGrantRequest(
      client.server,
      client.client,
      client.authentication,
      parameters,
      client.requestOptions,
    );
    const result = await oauth.processClientCredentialsResponse(client.server, client.client, response);
    return { accessToken: result.access_token, ...tokenLifetime(provider.options, result.expires_in) };
  } catch (error) {
    throw translateError(error, {
      what: "the token endpoint (client credentials)",
      method: client.method,
      grant: "client credentials",
      isSignIn: false,
      secrets: [provider.options.clientSecret],
    });
  }
}
