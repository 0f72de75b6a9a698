import * as oauth from "oauth4webapi";
import { allowInsecureRequests, type ClientAuth, Configuration, customFetch, type ServerMetadata } from "openid-client";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { type Backchannel, createBackchannel } from "./backchannel.js";
import { clientAuthentication, usesCertificate } from "./client-authentication.js";
import { type CheckedMetadata, createMetadataSource } from "./provider-metadata.js";
import { createPushes, type Pushes } from "./push-rest.js";
import { createSigningKeys, type SigningKeys } from "./signing-keys.js";

/** One provider as one client sees it: what is known of it, and how to speak to it. */
export interface Provider {
  readonly options: ResolvedOpenIdConnectOptions;
  readonly backchannel: Backchannel;
  readonly keys: SigningKeys;
  readonly pushes: Pushes;
  metadata(): CheckedMetadata | Promise<CheckedMetadata>;
  /** Whether a logout may come from it, back-channel; true while nothing is known of it. */
  supportsBackchannelLogout(): boolean;
}

export function createProvider(options: ResolvedOpenIdConnectOptions): Provider {
  const backchannel = createBackchannel(options);
  const source = createMetadataSource(options, backchannel);
  return {
    options,
    backchannel,
    keys: createSigningKeys(options, backchannel),
    pushes: createPushes(options.now, options.refreshIntervalSeconds),
    metadata: () => source.get(),
    supportsBackchannelLogout() {
      const known = source.known();
      return known === undefined || known["backchannel_logout_supported"] === true;
    },
  };
}

/** What openid-client's and oauth4webapi's functions are given: made anew for each operation, so nothing goes stale. */
export interface Client {
  /** For openid-client. */
  readonly configuration: Configuration;
  /** For oauth4webapi, where a flow needs the steps between. */
  readonly server: oauth.AuthorizationServer;
  readonly client: oauth.Client;
  readonly authentication: ClientAuth;
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
    [oauth.clockSkew]: Math.round(options.now() - Date.now() / 1000),
  };
  const authentication = clientAuthentication(options, metadata);
  const configuration = new Configuration(server as ServerMetadata, options.clientId, client, authentication);
  configuration[customFetch] = backchannel;
  // The backchannel has the time; openid-client's own limit must not come first with a message of its own.
  configuration.timeout = 0;
  if (!options.requireHttps) allowInsecureRequests(configuration);
  return {
    configuration,
    server,
    client,
    authentication,
    requestOptions: { [oauth.customFetch]: backchannel, [oauth.allowInsecureRequests]: !options.requireHttps },
  };
}
