import * as oauth from "oauth4webapi";
import type { ResolvedPrivateKey } from "../options/private-key.js";
import { createClient } from "./client.js";
import { signingKey } from "./client-keys.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/**
 * The authorization request as one signed JWT (RFC 9101): nobody on the way, the user included, can change it. Outside
 * of it stands only what OIDC Core 6.1 wants to be repeated there.
 */
export async function signedRequest(
  provider: Provider,
  metadata: CheckedMetadata,
  parameters: URLSearchParams,
  own: ResolvedPrivateKey,
): Promise<URLSearchParams> {
  const { server, client } = createClient(provider, metadata);
  const { key, kid, alg } = await signingKey(own, metadata, "request_object_signing_alg_values_supported");
  const request = await oauth.issueRequestObject(server, client, parameters, kid === undefined ? key : { key, kid }, {
    [oauth.modifyAssertion]: (header) => {
      header["alg"] = alg;
    },
  });
  const outside = new URLSearchParams({ client_id: client.client_id, request });
  for (const name of ["response_type", "scope"]) {
    const value = parameters.get(name);
    if (value !== null) outside.set(name, value);
  }
  return outside;
}
