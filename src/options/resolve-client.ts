import { warnOnce } from "../warnings.js";
import { describe, oneOf, text } from "./checks.js";
import type { ClientAuthentication, OpenIdConnectOptions } from "./open-id-connect-options.js";
import { privateKey, type ResolvedPrivateKey } from "./private-key.js";
import type { Problems } from "./problems.js";
import { isPlaceholder } from "./secrets.js";

/** Who this app is at the provider, and how it proves it. */
export interface ResolvedClient {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  /** `undefined`: inferred from the provider's metadata. */
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly clientAssertionKey: ResolvedPrivateKey | undefined;
  /** No secret, key or certificate: PKCE alone protects its codes. */
  readonly isPublicClient: boolean;
}

const METHODS: readonly ClientAuthentication[] = [
  "client_secret_basic",
  "client_secret_post",
  "client_secret_jwt",
  "private_key_jwt",
  "tls_client_auth",
  "self_signed_tls_client_auth",
  "none",
];

export function resolveClient(problems: Problems, options: OpenIdConnectOptions): ResolvedClient {
  if (options.clientId === undefined) {
    problems.add(
      "clientId",
      "is missing. It is the name under which the provider knows this app, client_id (fromEnvironment() reads OIDC_CLIENT_ID).",
    );
  }
  const clientId = text(problems, "clientId", options.clientId) ?? "";
  if (clientId !== clientId.trim()) problems.add("clientId", "has blanks or a line break around it; remove them.");
  if (clientId === "undefined" || clientId === "null" || /^<.*>$/.test(clientId)) {
    problems.add("clientId", `is "${clientId}", which stands where the real one should be.`);
  }
  const clientSecret = secret(problems, options.clientSecret);
  const clientAssertionKey =
    options.clientAssertionKey === undefined
      ? undefined
      : privateKey(problems, "clientAssertionKey", options.clientAssertionKey, "sign");
  const method = oneOf(problems, "clientAuthentication", options.clientAuthentication, METHODS);
  if (method !== undefined) assertMeans(problems, method, options);
  return {
    clientId,
    clientSecret,
    clientAuthentication: method,
    clientAssertionKey,
    isPublicClient:
      clientSecret === undefined && clientAssertionKey === undefined && (method === undefined || method === "none"),
  };
}

function secret(problems: Problems, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "string") problems.add("clientSecret", `must be a text, is ${describe(given)}.`);
  else if (given === "") problems.add("clientSecret", "is empty; leave it out for a public client.");
  else if (given !== given.trim()) {
    problems.add("clientSecret", "begins or ends with a blank or a line break; trim it.");
  } else {
    if (isPlaceholder(given)) {
      warnOnce(
        "OIDC_PLACEHOLDER_SECRET",
        "clientSecret looks like a placeholder: give the one that the provider issued for this client.",
      );
    }
    return given;
  }
  return undefined;
}

/** Each method with what it needs, and without what it would leave unused. */
function assertMeans(problems: Problems, method: ClientAuthentication, options: OpenIdConnectOptions): void {
  const { clientSecret, clientAssertionKey } = options;
  const path = "clientAuthentication";
  if (method.startsWith("client_secret") && clientSecret === undefined) {
    problems.add(path, `is "${method}", which needs clientSecret.`);
  }
  if (method === "private_key_jwt" && clientAssertionKey === undefined) {
    problems.add(path, 'is "private_key_jwt", which needs clientAssertionKey.');
  }
  if (method.endsWith("tls_client_auth") && options.fetch === undefined) {
    problems.add(path, `is "${method}", which needs a fetch that presents the client certificate (option fetch).`);
  }
  if (!method.startsWith("client_secret") && clientSecret !== undefined) {
    problems.add(path, `is "${method}", and clientSecret is given; leave one of them out.`);
  }
  if (method !== "private_key_jwt" && clientAssertionKey !== undefined) {
    problems.add(path, `is "${method}", and clientAssertionKey is given; leave one of them out.`);
  }
}
