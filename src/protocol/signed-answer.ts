import * as oauth from "oauth4webapi";
import { CallbackError, OpenIdConnectError, ProviderError } from "../errors.js";
import { createClient } from "./client.js";
import { createDecrypt, remembering } from "./decryption.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { verifyWithProviderKeys } from "./provider-signature.js";

/**
 * Opens an authorization response that is one signed JWT (JARM 2.4): signature, `iss`, `aud` and `exp` are checked, and
 * only then are its parameters handed on, an error's among them.
 *
 * @throws CallbackError `ERR_OIDC_CALLBACK_MALFORMED`; ProviderError when the keys cannot be had
 */
export async function openSignedAnswer(
  provider: Provider,
  metadata: CheckedMetadata,
  response: string,
): Promise<Readonly<Record<string, string>>> {
  const client = createClient(provider, metadata);
  const opened = remembering(createDecrypt(provider.options.decryptionKeys, "it"));
  try {
    const parameters = await verifyWithProviderKeys(
      provider,
      metadata,
      client,
      () => opened.signed(response),
      (server, options) =>
        oauth.validateJwtAuthResponse(
          server,
          client.client,
          new URLSearchParams({ response }),
          // The state is the transaction itself, sealed: its own checks follow.
          oauth.skipStateCheck,
          { ...options, [oauth.jweDecrypt]: opened.decrypt },
        ),
    );
    return toRecord(parameters);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) return toRecord(error.cause);
    if (error instanceof ProviderError) throw error;
    throw new CallbackError(
      "ERR_OIDC_CALLBACK_MALFORMED",
      `This signed answer to a sign-in (response, JARM) was refused: ${finding(error)}. Sign in again; if it stays so, compare the client's authorization_signed_response_alg at the provider with tokenValidation.algorithms, and the clocks.`,
    );
  }
}

function toRecord(parameters: URLSearchParams): Readonly<Record<string, string>> {
  const record: Record<string, string> = Object.create(null);
  for (const [name, value] of parameters) record[name] = value;
  return record;
}

/** What oauth4webapi found, in its fixed words; anything else may hold what came. */
function finding(error: unknown): string {
  const isFixed =
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError ||
    error instanceof OpenIdConnectError;
  return isFixed ? error.message.replace(/\.$/, "") : "it is not a signed JWT";
}
