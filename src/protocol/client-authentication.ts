import * as oauth from "oauth4webapi";
import { type ClientAuth, ClientSecretJwt, ClientSecretPost, None, PrivateKeyJwt } from "openid-client";
import type { ClientAuthentication } from "../options/open-id-connect-options.js";
import type { ResolvedPrivateKey } from "../options/private-key.js";
import type { ResolvedClient } from "../options/resolve-client.js";
import { signingKey } from "./client-keys.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** How this client proves itself: as the options say, else the first way that the provider names and we can go. */
export function clientAuthentication(options: ResolvedClient, metadata: CheckedMetadata): ClientAuth {
  const { clientId, clientSecret, clientAssertionKey } = options;
  switch (authenticationMethod(options, metadata)) {
    case "client_secret_basic":
      return basic(clientId, clientSecret ?? "");
    case "client_secret_post":
      return ClientSecretPost(clientSecret);
    case "client_secret_jwt":
      return ClientSecretJwt(clientSecret, {
        [oauth.modifyAssertion]: (_header, payload) => audience(payload, metadata),
      });
    case "private_key_jwt":
      return clientAssertionKey === undefined ? None() : assertion(clientAssertionKey, metadata);
    default:
      // With mutual TLS too: the certificate proves the client, the body only names it (RFC 8705 2).
      return None();
  }
}

/** Whether requests go to the endpoints that ask for a client certificate (RFC 8705 5). */
export function usesCertificate(options: ResolvedClient): boolean {
  return options.clientAuthentication?.endsWith("tls_client_auth") === true;
}

/** The way that is taken: the option's, else the first that the metadata names and this client can go. */
export function authenticationMethod(options: ResolvedClient, metadata: CheckedMetadata): ClientAuthentication {
  if (options.clientAuthentication !== undefined) return options.clientAuthentication;
  if (options.clientAssertionKey !== undefined) return "private_key_jwt";
  if (options.clientSecret === undefined) return "none";
  const supported = metadata["token_endpoint_auth_methods_supported"];
  // OpenID Connect Discovery 3: left out means client_secret_basic. A list without any way to use a secret is a mistake
  // that providers make ("none" alone): whoever was given a secret is expected to send it.
  const ways: readonly ClientAuthentication[] = ["client_secret_basic", "client_secret_post", "client_secret_jwt"];
  return ways.find((way) => Array.isArray(supported) && supported.includes(way)) ?? "client_secret_basic";
}

/** RFC 7523 as FAPI and OIDC now read it: the audience is the issuer alone, so no endpoint can pass an assertion on. */
function assertion(own: ResolvedPrivateKey, metadata: CheckedMetadata): ClientAuth {
  return async (server, client, body, headers) => {
    const { key, kid, alg } = await signingKey(own, metadata, "token_endpoint_auth_signing_alg_values_supported");
    const sign = PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
      [oauth.modifyAssertion]: (header, payload) => {
        // openid-client would say "Ed25519" where most providers know the key's older name alone, "EdDSA".
        header["alg"] = alg;
        audience(payload, metadata);
      },
    });
    await sign(server, client, body, headers);
  };
}

/** An issuer that stands for many tenants is no one's name: Entra ID takes the token endpoint instead. */
function audience(payload: Record<string, unknown>, metadata: CheckedMetadata): void {
  if (metadata.issuer.includes("{tenantid}")) payload["aud"] = metadata.token_endpoint;
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
