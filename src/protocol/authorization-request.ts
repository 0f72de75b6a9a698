import { createHash } from "node:crypto";
import { buildAuthorizationUrl } from "openid-client";
import type { DPoPKey } from "../model.js";
import { createClient } from "./client.js";
import { dPoPThumbprint } from "./dpop.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";
import { signedRequest } from "./request-object.js";

/** What differs from one challenge to the next. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string | undefined;
  /** The key that the code and its tokens are bound to, where they are. */
  readonly dPoPKey: DPoPKey | undefined;
}

/** Parameters by name; a list is sent as that many parameters of one name. */
export type AuthorizationParameters = Readonly<Record<string, string | readonly string[]>>;

/** Overrides of a single challenge; what is left out comes from the options. */
export interface AuthorizationOverrides {
  readonly prompt?: string | undefined;
  readonly maxAgeSeconds?: number | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
  readonly loginHint?: string | undefined;
  readonly acrValues?: readonly string[] | undefined;
  readonly additionalParameters?: Readonly<Record<string, string>> | undefined;
}

/** Parameters that an event may still change: all that no check of ours depends on. */
export function authorizationParameters(
  provider: Provider,
  overrides: AuthorizationOverrides,
): Record<string, string | readonly string[]> {
  const { options } = provider;
  const parameters: Record<string, string | readonly string[]> = {
    client_id: options.clientId,
    response_type: options.responseType,
    scope: (overrides.scope ?? options.scope).join(" "),
  };
  // The default of a code; no other type has a default that reaches us.
  if (options.responseMode !== "query") parameters["response_mode"] = options.responseMode;
  for (const [name, value] of options.fixedParameters) {
    const before = parameters[name];
    parameters[name] = before === undefined ? value : [...(typeof before === "string" ? [before] : before), value];
  }
  const set = (name: string, value: string | readonly string[] | undefined) => {
    if (value !== undefined) parameters[name] = value;
  };
  for (const [name, value] of Object.entries(overrides.additionalParameters ?? {})) set(name, value);
  set("prompt", overrides.prompt);
  set("resource", overrides.resource);
  set("login_hint", overrides.loginHint);
  set("acr_values", (overrides.acrValues ?? options.acrValues)?.join(" "));
  const maxAge = overrides.maxAgeSeconds ?? options.maxAgeSeconds;
  if (maxAge !== undefined) set("max_age", String(maxAge));
  return parameters;
}

/** Adds what no event may change (OIDC Core 3.1.2.1, RFC 7636 4.3 with S256, RFC 9449 10). */
export function completeParameters(
  parameters: AuthorizationParameters,
  request: AuthorizationRequest,
): AuthorizationParameters {
  const { codeVerifier, dPoPKey } = request;
  return {
    ...parameters,
    redirect_uri: request.redirectUri,
    state: request.state,
    nonce: request.nonce,
    ...(codeVerifier !== undefined && {
      code_challenge: codeChallenge(codeVerifier),
      code_challenge_method: "S256",
    }),
    ...(dPoPKey !== undefined && { dpop_jkt: dPoPThumbprint(dPoPKey) }),
  };
}

/** Parameters as they are sent: signed into one where the options say so (RFC 9101). */
export async function requestParameters(
  provider: Provider,
  metadata: CheckedMetadata,
  parameters: AuthorizationParameters,
): Promise<URLSearchParams> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === "string" ? [value] : value) search.append(name, one);
  }
  const { requestObject } = provider.options;
  return requestObject === undefined ? search : await signedRequest(provider, metadata, search, requestObject);
}

/** The URL that the browser is sent to. */
export function authorizationUrl(provider: Provider, metadata: CheckedMetadata, search: URLSearchParams): string {
  return buildAuthorizationUrl(createClient(provider, metadata).configuration, search).href;
}

/** RFC 7636 4.2: base64url without padding, of the SHA-256 of the verifier's ASCII. */
export function codeChallenge(codeVerifier: string): string {
  return createHash("sha256").update(codeVerifier).digest("base64url");
}
