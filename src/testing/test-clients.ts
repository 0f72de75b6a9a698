/** A client of the test provider: client metadata (OpenID Connect Registration 2), and what this provider adds. */
export interface TestClient {
  readonly client_id: string;
  readonly client_secret?: string | undefined;
  /** Answers an authorization request without `code_challenge` with a page, status 400. @defaultValue true */
  readonly requirePkce?: boolean | undefined;
  /** Shows the consent page; otherwise consent is given silently. @defaultValue false */
  readonly requireConsent?: boolean | undefined;
  readonly [metadata: string]: unknown;
}

const SCOPE = "openid profile email roles api1 offline_access";

/**
 * Redirect URIs of the default clients. Any port of any loopback host stands for these, and any path that ends in
 * theirs, so that apps on ephemeral ports and under mount paths need no registration.
 */
const web = {
  grant_types: ["authorization_code", "refresh_token", "implicit"],
  response_types: ["code", "code id_token", "id_token"],
  redirect_uris: ["https://app.test/signin-oidc", "https://app.test/signin-partner"],
  post_logout_redirect_uris: ["https://app.test/signout-callback-oidc", "https://app.test/signout-callback-partner"],
  scope: SCOPE,
} as const;

export const DEFAULT_CLIENTS: readonly TestClient[] = [
  { ...web, client_id: "pkce_client", client_secret: "secret" },
  { ...web, client_id: "post_client", client_secret: "secret", token_endpoint_auth_method: "client_secret_post" },
  { ...web, client_id: "public_client", token_endpoint_auth_method: "none" },
  { ...web, client_id: "no_pkce_client", client_secret: "secret", requirePkce: false },
  { ...web, client_id: "consent_client", client_secret: "secret", requireConsent: true },
  {
    client_id: "service_client",
    client_secret: "secret",
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope: "api1",
  },
];

/** Whether a URI is a registered one on another loopback port, or below another path. */
export function isLoopbackVariant(uri: string, registered: readonly string[]): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol, hostname, pathname, search, hash, username } = new URL(uri);
  const isLoopback = hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
  if (!isLoopback || !/^https?:$/.test(protocol) || search !== "" || hash !== "" || username !== "") return false;
  return registered.some((known) => URL.canParse(known) && isEndOf(pathname, new URL(known).pathname));
}

function isEndOf(path: string, known: string): boolean {
  return path.endsWith(known) && !path.includes("//");
}
