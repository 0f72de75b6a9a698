import { type ClientAuth, ClientSecretPost, None } from "openid-client";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import type { CheckedMetadata } from "./provider-metadata.js";

type ClientOptions = Pick<ResolvedOpenIdConnectOptions, "clientId" | "clientSecret" | "clientAuthentication">;

/** How this client proves itself: as the options say, else the first way that the provider names and we can go. */
export function clientAuthentication(options: ClientOptions, metadata: CheckedMetadata): ClientAuth {
  const { clientId, clientSecret } = options;
  if (clientSecret === undefined) return None();
  return (options.clientAuthentication ?? inferred(metadata)) === "client_secret_post"
    ? ClientSecretPost(clientSecret)
    : basic(clientId, clientSecret);
}

function inferred(metadata: CheckedMetadata): "client_secret_basic" | "client_secret_post" {
  const supported = metadata["token_endpoint_auth_methods_supported"];
  // OpenID Connect Discovery 3: left out means client_secret_basic.
  if (!Array.isArray(supported) || supported.includes("client_secret_basic")) return "client_secret_basic";
  return supported.includes("client_secret_post") ? "client_secret_post" : "client_secret_basic";
}

/**
 * RFC 6749 2.3.1 wants both parts form-encoded, and some providers do not decode them. So only what must be encoded
 * is: `-`, `.` and `_`, which fill real client ids and secrets, stay as they are and read the same both ways.
 */
function basic(clientId: string, clientSecret: string): ClientAuth {
  const credentials = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString("base64");
  return (_server, _client, _body, headers) => {
    headers.set("authorization", `Basic ${credentials}`);
  };
}

function formEncode(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, "+");
}
