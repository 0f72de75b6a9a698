import { createHash, randomBytes } from "node:crypto";
import type { TestIdp } from "add-openid-connect/testing";
import { type ProviderAnswer, type ProviderSignInSettings, signInAtProvider } from "../../support/provider-sign-in.js";

export const REDIRECT_URI = "http://localhost:4711/signin-oidc";
const verifier = randomBytes(32).toString("base64url");

export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** An authorization URL of `pkce_client`; a parameter that is undefined is left out. */
export function authorizationUrl(idp: TestIdp, given: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters: Record<string, string | undefined> = {
    client_id: "pkce_client",
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: "openid profile email roles",
    state: "state-1",
    nonce: "nonce-1",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...given,
  };
  const known = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${idp.issuer}/connect/authorize?${new URLSearchParams(known)}`;
}

/** Asks the token endpoint, as `pkce_client` unless another client is named. */
export async function requestTokens(
  idp: TestIdp,
  fields: Readonly<Record<string, string>>,
  client = "pkce_client",
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const response = await fetch(`${idp.issuer}/connect/token`, {
    method: "POST",
    headers: { ...headers, authorization: `Basic ${Buffer.from(`${client}:secret`).toString("base64")}` },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, body: (await response.json()) as TokenAnswer["body"] };
}

/** Signs alice in, or who is named, and redeems the code. */
export async function signIn(
  idp: TestIdp,
  parameters: Readonly<Record<string, string | undefined>> = {},
  settings: ProviderSignInSettings = {},
): Promise<ProviderAnswer & { readonly tokens: TokenAnswer["body"] }> {
  const answer = await signInAtProvider(authorizationUrl(idp, parameters), settings);
  const { status, body } = await redeem(idp, answer.parameters["code"] ?? "", parameters["client_id"]);
  if (status !== 200) throw new Error(`No tokens: ${JSON.stringify({ parameters: answer.parameters, body })}`);
  return { ...answer, tokens: body };
}

export function redeem(
  idp: TestIdp,
  code: string,
  client?: string,
  headers?: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  const fields = { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
  return requestTokens(idp, fields, client, headers);
}

export function refresh(idp: TestIdp, token: string | undefined): Promise<TokenAnswer> {
  return requestTokens(idp, { grant_type: "refresh_token", refresh_token: token ?? "" });
}

/** A JWT's payload, not verified. */
export function payloadOf(token: string | undefined): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString("utf8"));
}

export function userInfo(idp: TestIdp, token: string | undefined): Promise<Response> {
  return fetch(`${idp.issuer}/connect/userinfo`, { headers: { authorization: `Bearer ${token}` } });
}
