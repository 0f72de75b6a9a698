import { buildEndSessionUrl } from "openid-client";
import { createClient } from "./client.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** RP-Initiated Logout 1.0, section 2; `undefined` where the provider has no end session endpoint. */
export function endSessionUrl(
  provider: Provider,
  metadata: CheckedMetadata,
  parameters: Readonly<Record<string, string>>,
): string | undefined {
  if (metadata.end_session_endpoint === undefined) return undefined;
  return buildEndSessionUrl(createClient(provider, metadata).configuration, { ...parameters }).href;
}
