import * as oauth from "oauth4webapi";
import { type OpenIdConnectError, ProviderError } from "../errors.js";
import type { Claims, DPoPKey } from "../model.js";
import { isTooDeep } from "./claim-depth.js";
import { type Client, createClient } from "./client.js";
import { createDecrypt, remembering } from "./decryption.js";
import { createDPoP, type DPoP } from "./dpop.js";
import type { Provider } from "./provider.js";
import { translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { verifyWithProviderKeys } from "./provider-signature.js";

/**
 * Claims of the userinfo endpoint (OIDC Core 5.3), with `sub` compared to the ID token's: otherwise the answer could
 * be about someone else (5.3.2). A signed answer is verified with the provider's keys, an encrypted one decrypted.
 *
 * @param dPoPKey the session's key, where the access token is bound to it
 * @throws ProviderError `ERR_OIDC_USERINFO_FAILED`, or what the connection failed with
 */
export async function fetchUserInfo(
  provider: Provider,
  accessToken: string,
  subject: string,
  dPoPKey?: DPoPKey | undefined,
): Promise<Claims> {
  const metadata = await provider.metadata();
  if (metadata.userinfo_endpoint === undefined) {
    throw new ProviderError("ERR_OIDC_USERINFO_FAILED", "The provider's metadata has no userinfo_endpoint.");
  }
  try {
    const client = createClient(provider, metadata);
    const dPoP = dPoPKey === undefined ? undefined : await createDPoP(client, dPoPKey);
    try {
      return await ask(provider, metadata, client, accessToken, subject, dPoP);
    } catch (error) {
      // RFC 9449 9: the refusal brought the nonce that the proof is to carry.
      if (dPoP === undefined || !oauth.isDPoPNonceError(error)) throw error;
      return await ask(provider, metadata, client, accessToken, subject, dPoP);
    }
  } catch (cause) {
    const error = translateError(cause, {
      what: "the userinfo endpoint",
      method: "none",
      isSignIn: false,
      secrets: [accessToken, provider.options.clientSecret],
    });
    if (error.code === "ERR_OIDC_PROVIDER_UNREACHABLE" || error.code === "ERR_OIDC_PROVIDER_TIMEOUT") throw error;
    throw new ProviderError(
      "ERR_OIDC_USERINFO_FAILED",
      `Userinfo was refused. ${error.message} Is the access token meant for it (scope, resource)? Where the claims are in the ID token, getClaimsFromUserInfoEndpoint is not needed.`,
    );
  }
}

function isJwt(response: Response): boolean {
  return response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === "application/jwt";
}

async function ask(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  accessToken: string,
  subject: string,
  dPoP: DPoP | undefined,
): Promise<Claims> {
  const received = await oauth.userInfoRequest(client.server, client.client, accessToken, {
    ...client.requestOptions,
    ...(dPoP !== undefined && { DPoP: dPoP }),
  });
  const opened = remembering(decryptUserInfo(provider));
  const response = await unwrapped(received, opened.decrypt);
  const claims = await oauth.processUserInfoResponse(client.server, client.client, subject, response, {
    [oauth.jweDecrypt]: opened.decrypt,
  });
  if (isTooDeep(claims)) throw new ProviderError("ERR_OIDC_USERINFO_FAILED", "Its claims are nested too deeply.");
  if (isJwt(response)) {
    await verifyWithProviderKeys(
      provider,
      metadata,
      client,
      () => opened.signed(""),
      (server, options) => oauth.validateApplicationLevelSignature(server, response, options),
    );
  }
  return claims as Claims;
}

function decryptUserInfo(provider: Provider): (jwe: string) => Promise<string> {
  const decrypt = createDecrypt(provider.options.decryptionKeys, "userinfo");
  return (jwe) =>
    decrypt(jwe).catch((error: OpenIdConnectError) => {
      throw new ProviderError("ERR_OIDC_USERINFO_FAILED", error.message);
    });
}

/** Userinfo may be encrypted without being signed (OIDC Core 5.3.2): then it is JSON, as trusted as over TLS alone. */
async function unwrapped(response: Response, decrypt: (jwe: string) => Promise<string>): Promise<Response> {
  if (response.status !== 200 || !isJwt(response)) return response;
  const jwt = await response.clone().text();
  if (jwt.split(".").length !== 5) return response;
  const content = await decrypt(jwt);
  return content.trimStart().startsWith("{")
    ? new Response(content, { headers: { "content-type": "application/json" } })
    : new Response(content, { headers: { "content-type": "application/jwt" } });
}
