import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { ProviderState } from "./provider-state.js";
import { type Json, readJwt } from "./signer.js";

/** Whether the client proved itself, in the way that the provider wants where it wants one. */
export function isClient(state: ProviderState, req: IncomingMessage, body: URLSearchParams): boolean {
  const { registration, demands } = state;
  const { authorization } = req.headers;
  const used = authorization?.startsWith("Basic ")
    ? "client_secret_basic"
    : body.has("client_secret")
      ? "client_secret_post"
      : body.has("client_assertion")
        ? "private_key_jwt"
        : undefined;
  if (demands.clientAuthentication !== undefined && used !== demands.clientAuthentication) return false;
  switch (used) {
    case "client_secret_basic": {
      const [id = "", secret = ""] = Buffer.from(authorization?.slice(6) ?? "", "base64")
        .toString()
        .split(":")
        .map((text) => decodeURIComponent(text.replaceAll("+", " ")));
      return id === registration.clientId && secret === registration.clientSecret;
    }
    case "client_secret_post":
      return body.get("client_id") === registration.clientId && body.get("client_secret") === registration.clientSecret;
    case "private_key_jwt":
      return isAssertion(state, body.get("client_assertion") ?? "");
    default:
      return registration.clientSecret === undefined && body.get("client_id") === registration.clientId;
  }
}

/** RFC 7523, and as FAPI reads it: the audience is the issuer, and nothing else. */
function isAssertion({ issuer, registration, now }: ProviderState, assertion: string): boolean {
  const { claims } = readJwt(assertion, () => registration.jwk) ?? {};
  return (
    claims?.["iss"] === registration.clientId &&
    claims["sub"] === registration.clientId &&
    claims["aud"] === issuer &&
    typeof claims["jti"] === "string" &&
    Number(claims["exp"]) > now()
  );
}

/** Thumbprint of the key whose possession a request proves (RFC 9449 4.3), or what is wrong with its proof. */
export function provenKey(
  { issuer, demands, now }: ProviderState,
  req: IncomingMessage,
  path: string,
  accessToken?: string,
): { readonly jkt: string } | { readonly error: "invalid_dpop_proof" | "use_dpop_nonce" } {
  const read = readJwt(String(req.headers["dpop"] ?? ""), (header) => header["jwk"]);
  const isGood =
    read?.header["typ"] === "dpop+jwt" &&
    read.claims["htm"] === req.method &&
    read.claims["htu"] === `${issuer}${path}` &&
    typeof read.claims["jti"] === "string" &&
    Math.abs(Number(read.claims["iat"]) - now()) < 60 &&
    (accessToken === undefined || read.claims["ath"] === sha256(accessToken));
  if (!isGood) return { error: "invalid_dpop_proof" };
  if (demands.dPoPNonce !== undefined && read.claims["nonce"] !== demands.dPoPNonce) return { error: "use_dpop_nonce" };
  const { crv, kty, x, y } = read.header["jwk"] as Json;
  return { jkt: sha256(JSON.stringify({ crv, kty, x, y })) };
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
