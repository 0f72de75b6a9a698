import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isClient, provenKey, sha256 } from "./client-proof.js";
import type { Place } from "./lies.js";
import { type Grant, issueIdToken, json, keep, type ProviderState } from "./provider-state.js";
import { type Json, leftHash } from "./signer.js";

/** Redeems codes and refresh tokens, each once. */
export function token(state: ProviderState, req: IncomingMessage, body: URLSearchParams, res: ServerResponse): void {
  const proof = req.headers["dpop"];
  state.tokenRequests.push({
    parameters: body,
    authorization: req.headers.authorization,
    proof: typeof proof === "string" ? proof : undefined,
  });
  if (!isClient(state, req, body)) {
    json(res, { error: "invalid_client" }, 401);
    return;
  }
  let jkt: string | undefined;
  if (state.demands.dPoP === true || proof !== undefined) {
    const proven = provenKey(state, req, "/token");
    if (state.demands.dPoPNonce !== undefined) res.setHeader("dpop-nonce", state.demands.dPoPNonce);
    if ("error" in proven) {
      json(res, { error: proven.error }, 400);
      return;
    }
    jkt = proven.jkt;
  }
  const grant = body.get("grant_type") === "refresh_token" ? renewed(state, body) : redeemed(state, body);
  if (grant === undefined || (grant.jkt !== undefined && grant.jkt !== jkt)) {
    json(res, { error: "invalid_grant" }, 400);
    return;
  }
  const response = tokens(state, { ...grant, jkt }, body.get("grant_type") === "refresh_token" ? "refresh" : "back");
  json(res, state.lies.tokenResponse?.(response) ?? response);
}

function redeemed(state: ProviderState, body: URLSearchParams): Grant | undefined {
  const code = body.get("code") ?? "";
  const grant = state.codes.get(code);
  state.codes.delete(code);
  const verifier = body.get("code_verifier");
  const challenge = verifier === null ? undefined : sha256(verifier);
  const isSame = challenge === grant?.challenge && body.get("redirect_uri") === grant?.redirectUri;
  return isSame ? grant : undefined;
}

function renewed(state: ProviderState, body: URLSearchParams): Grant | undefined {
  const given = body.get("refresh_token") ?? "";
  const grant = state.refreshTokens.get(given);
  state.refreshTokens.delete(given);
  return grant;
}

function tokens(state: ProviderState, grant: Grant, place: Place): Json {
  const accessToken = randomBytes(16).toString("base64url");
  keep(state.accessTokens, accessToken, grant);
  const response: Json = {
    access_token: accessToken,
    token_type: grant.jkt === undefined ? "Bearer" : "DPoP",
    expires_in: 300,
    id_token: issueIdToken(state, grant, place, { at_hash: leftHash(accessToken, state.key) }),
  };
  if (grant.scope.split(" ").includes("offline_access")) {
    const refreshToken = randomBytes(16).toString("base64url");
    keep(state.refreshTokens, refreshToken, grant);
    response["refresh_token"] = refreshToken;
  }
  return response;
}

/** Answers to the token in the Authorization header, and to no other place for it (RFC 6750 2.1, RFC 9449 7.1). */
export function userInfo(state: ProviderState, req: IncomingMessage, res: ServerResponse): void {
  const [scheme = "", accessToken = ""] = (req.headers.authorization ?? "").split(" ");
  const grant = state.accessTokens.get(accessToken);
  const isBound = grant?.jkt !== undefined;
  const proven = isBound ? provenKey(state, req, "/userinfo", accessToken) : undefined;
  if (state.demands.dPoPNonce !== undefined) res.setHeader("dpop-nonce", state.demands.dPoPNonce);
  const isProven = proven === undefined || ("jkt" in proven && proven.jkt === grant?.jkt);
  if (grant === undefined || scheme.toLowerCase() !== (isBound ? "dpop" : "bearer") || !isProven) {
    const error = proven !== undefined && "error" in proven ? proven.error : "invalid_token";
    res.setHeader("www-authenticate", `${isBound ? "DPoP" : "Bearer"} error="${error}"`);
    json(res, { error }, 401);
    return;
  }
  const claims = { sub: "alice", email: "a@example.com" };
  json(res, state.lies.userInfo === undefined ? claims : state.lies.userInfo(claims));
}
