import { fetchUserInfo as fetchFromEndpoint } from "openid-client";
import { ProviderError } from "../errors.js";
import type { Claims } from "../model.js";
import { createClient, type Provider } from "./provider.js";
import { translateError } from "./provider-errors.js";

/**
 * Claims of the userinfo endpoint (OIDC Core 5.3), with `sub` compared to the ID token's: otherwise the answer could
 * be about someone else (5.3.2).
 *
 * @throws ProviderError `ERR_OIDC_USERINFO_FAILED`, or what the connection failed with
 */
export async function fetchUserInfo(provider: Provider, accessToken: string, subject: string): Promise<Claims> {
  const metadata = await provider.metadata();
  if (metadata.userinfo_endpoint === undefined) {
    throw new ProviderError("ERR_OIDC_USERINFO_FAILED", "The provider's metadata has no userinfo_endpoint.");
  }
  try {
    const { configuration } = createClient(provider, metadata);
    return (await fetchFromEndpoint(configuration, accessToken, subject)) as Claims;
  } catch (cause) {
    const error = translateError(cause, {
      what: "the userinfo endpoint",
      isSignIn: false,
      secrets: [accessToken, provider.options.clientSecret],
    });
    if (error.code === "ERR_OIDC_PROVIDER_UNREACHABLE" || error.code === "ERR_OIDC_PROVIDER_TIMEOUT") throw error;
    throw new ProviderError("ERR_OIDC_USERINFO_FAILED", `Userinfo was refused. ${error.message}`);
  }
}
