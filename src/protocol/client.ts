import * as oauth from "oauth4webapi";
import { allowInsecureRequests, type ClientAuth, Configuration, customFetch, type ServerMetadata } from "openid-client";
import type { ClientAuthentication } from "../options/open-id-connect-options.js";
import type { Backchannel } from "./backchannel.js";
import { authenticationMethod, clientAuthentication, usesCertificate } from "./client-authentication.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** What openid-client's and oauth4webapi's functions are given: made anew for each operation, so nothing goes stale. */
export interface Client {
  /** For openid-client. */
  readonly configuration: Configuration;
  /** For oauth4webapi, where a flow needs the steps between. */
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: ClientAuth;
  /** How that proves the client. */
  readonly method: ClientAuthentication;
  readonly requestOptions: {
    readonly [oauth.customFetch]: Backchannel;
    readonly [oauth.allowInsecureRequests]: boolean;
  };
}

export function createClient(provider: Provider, metadata: CheckedMetadata): Client {
  const { options, backchannel } = provider;
  const server: oauth.AuthorizationServer = {
    ...(metadata as oauth.AuthorizationServer),
    // The safe set decides, not what the metadata happens to list: lists are often wrong, and never make unsafe safe.
    id_token_signing_alg_values_supported: [...options.algorithms],
    userinfo_signing_alg_values_supported: [...options.algorithms],
    authorization_signing_alg_values_supported: [...options.algorithms],
  };
  const client: oauth.Client = {
    client_id: options.clientId,
    ...(usesCertificate(options) && { use_mtls_endpoint_aliases: true }),
    [oauth.clockTolerance]: options.clockToleranceSeconds,
    // Read at each check: a rounded difference would be off by a second, and by as long as an answer took to come.
    get [oauth.clockSkew]() {
      return Math.floor(options.now()) - Math.floor(Date.now() / 1000);
    },
  };
  const authentication = clientAuthentication(options, metadata);
  return {
    // Made where it is asked for: it copies all of the metadata, and most operations take the steps one by one.
    get configuration() {
      const configuration = new Configuration(server as ServerMetadata, options.clientId, client, authentication);
      configuration[customFetch] = backchannel;
      // The backchannel has the time; openid-client's own limit must not come first with a message of its own.
      configuration.timeout = 0;
      if (!options.requireHttps) allowInsecureRequests(configuration);
      return configuration;
    },
    server,
    client,
    authentication,
    method: authenticationMethod(options, metadata),
    requestOptions: { [oauth.customFetch]: backchannel, [oauth.allowInsecureRequests]: !options.requireHttps },
  };
}
