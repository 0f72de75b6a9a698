import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { type Backchannel, createBackchannel } from "./backchannel.js";
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
