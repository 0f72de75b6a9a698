import type { ClientAuthentication } from "../options/open-id-connect-options.js";

/** What was sent, as far as it tells why a client is refused. */
export interface ClientAttempt {
  /** How the client proved itself. */
  readonly method: ClientAuthentication;
  /** The grant that the registration must allow. @defaultValue "authorization code" */
  readonly grant?: string | undefined;
}

const COMPARE = "Compare clientId with the registration";

/** `invalid_client` says the least and happens the most: the way that was taken says what to look at. */
function unknownClient(method: ClientAuthentication): string {
  switch (method) {
    case "none":
      return `nothing was sent to prove it (clientAuthentication "none": there is no clientSecret), and it takes it for a confidential client, or does not know it. ${COMPARE}, and set clientSecret where it has one there.`;
    case "private_key_jwt":
      return `it does not accept the assertion (private_key_jwt). ${COMPARE}, and clientAssertionKey with the public keys that it has there (kid, alg); are the clocks right?`;
    case "tls_client_auth":
    case "self_signed_tls_client_auth":
      return `it does not accept the certificate (${method}). ${COMPARE}; does the fetch option present the certificate that it has there?`;
    default:
      return `it does not know this client, or its secret is another, or it expects another way to prove it than ${method}. Compare clientId and clientSecret with the registration, and clientAuthentication (client_secret_basic or client_secret_post) with the method that it has there; for a public client leave clientSecret out.`;
  }
}

/** What to change where a provider refuses a client (RFC 6749 5.2, RFC 8707 2), by the name of its error. */
export function clientRefusal(
  name: string,
  { method, grant = "authorization code" }: ClientAttempt,
): string | undefined {
  switch (name) {
    case "invalid_client":
      return unknownClient(method);
    case "unauthorized_client":
      return `this client may not use this flow. Allow the ${grant} grant in its registration.`;
    case "unsupported_grant_type":
      return `it does not support the ${grant} grant for this client.`;
    case "invalid_scope":
      return "it refuses the requested scope. Compare scope with the scopes that the registration allows.";
    case "invalid_target":
      return "it does not know the requested resource, or takes one at a time. Compare resource with the APIs that are registered there; req.oidc.getAccessToken({ resource }) asks for each by itself.";
    case "invalid_request":
      return "it finds the request malformed. Does it support what the options ask for (PKCE, resource)?";
    default:
      return undefined;
  }
}
