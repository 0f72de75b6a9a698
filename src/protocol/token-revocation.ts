import { customFetch, tokenRevocation } from "openid-client";
import { ProviderError } from "../errors.js";
import { createClient } from "./client.js";
import type { Provider } from "./provider.js";
import { translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** Seconds. A person waits for the end of a sign-out; the token dies by itself later. */
const TIMEOUT_SECONDS = 2;

/**
 * Revokes a refresh token (RFC 7009), and says whether it did: false where the provider has no revocation endpoint.
 *
 * @throws OpenIdConnectError translated from what the provider said or failed to say, within two seconds
 */
export async function revokeRefreshToken(provider: Provider, refreshToken: string): Promise<boolean> {
  const { options, backchannel } = provider;
  const metadata = await inTime(provider.metadata());
  if (typeof metadata["revocation_endpoint"] !== "string") return false;
  const { configuration, method } = createClient(provider, metadata);
  const timeout = Math.min(TIMEOUT_SECONDS, options.backchannelTimeoutSeconds);
  configuration[customFetch] = (url, init) =>
    backchannel(url, init as unknown as Parameters<typeof backchannel>[1], timeout);
  try {
    await tokenRevocation(configuration, refreshToken, { token_type_hint: "refresh_token" });
    return true;
  } catch (error) {
    throw translateError(error, {
      what: "the revocation endpoint",
      method,
      isSignIn: false,
      secrets: [refreshToken, options.clientSecret],
    });
  }
}

/** After a restart the metadata may have to be fetched first. */
async function inTime(metadata: CheckedMetadata | Promise<CheckedMetadata>): Promise<CheckedMetadata> {
  if (!(metadata instanceof Promise)) return metadata;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ProviderError("ERR_OIDC_PROVIDER_TIMEOUT", "The provider's metadata did not come in time."));
    }, TIMEOUT_SECONDS * 1000);
    timer.unref();
  });
  try {
    return await Promise.race([metadata, late]);
  } finally {
    clearTimeout(timer);
  }
}
