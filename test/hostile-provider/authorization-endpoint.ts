import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isClient } from "./client-proof.js";
import { type Grant, issue, issueIdToken, json, keep, type ProviderState } from "./provider-state.js";
import { leftHash, readJwt } from "./signer.js";

/** Takes a request that does not go through the browser (RFC 9126). */
export function push(state: ProviderState, req: IncomingMessage, body: URLSearchParams, res: ServerResponse): void {
  if (!isClient(state, req, body)) {
    json(res, { error: "invalid_client" }, 401);
    return;
  }
  const uri = `urn:ietf:params:oauth:request_uri:${randomBytes(12).toString("base64url")}`;
  keep(state.pushed, uri, body);
  const response = { request_uri: uri, expires_in: 60 };
  json(res, state.lies.pushResponse?.(response) ?? response, 201);
}

/** Asks nobody, and sends the browser back. */
export function authorize(state: ProviderState, query: URLSearchParams, res: ServerResponse): void {
  const request = understood(state, query);
  if (request === undefined) {
    res.writeHead(400, { "content-type": "text/plain" }).end("This authorization request is not acceptable.");
    return;
  }
  const grant: Grant = {
    nonce: request.get("nonce") ?? undefined,
    challenge: request.get("code_challenge") ?? undefined,
    redirectUri: request.get("redirect_uri") ?? "",
    clientId: request.get("client_id") ?? "",
    scope: request.get("scope") ?? "",
    authTime: state.now(),
    jkt: request.get("dpop_jkt") ?? undefined,
  };
  const mode = request.get("response_mode") ?? "query";
  const parameters = answerOf(state, request, grant, mode);
  const sent = Object.entries(state.lies.answer?.(parameters) ?? parameters).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  send(res, grant.redirectUri, mode, mode.endsWith("jwt") ? [["response", signed(state, grant, sent)]] : sent);
}

/** The parameters, by whichever way they came; undefined where the provider would show an error of its own. */
function understood(state: ProviderState, query: URLSearchParams): URLSearchParams | undefined {
  const { demands, issuer, registration, pushed, authorizationRequests } = state;
  const uri = query.get("request_uri");
  const plain = uri === null ? query : pushed.get(uri);
  if (uri !== null) pushed.delete(uri);
  if (plain === undefined || (demands.pushed === true && uri === null)) return undefined;
  const object = plain.get("request");
  const claims = object === null ? undefined : readJwt(object, () => registration.jwk)?.claims;
  if (claims?.["aud"] !== issuer && (object !== null || demands.signedRequest === true)) return undefined;
  const understood =
    claims === undefined
      ? plain
      : new URLSearchParams(Object.entries(claims).map(([name, value]) => [name, String(value)]));
  authorizationRequests.push({
    parameters: Object.fromEntries(understood),
    isPushed: uri !== null,
    isSigned: object !== null,
  });
  return query.get("client_id") === registration.clientId && understood.get("client_id") === registration.clientId
    ? understood
    : undefined;
}

function answerOf(
  state: ProviderState,
  request: URLSearchParams,
  grant: Grant,
  mode: string,
): Record<string, string | undefined> {
  const types = (request.get("response_type") ?? "").split(" ");
  const code = randomBytes(16).toString("base64url");
  keep(state.codes, code, grant);
  const given = request.get("state") ?? "";
  const parameters: Record<string, string | undefined> = { state: given };
  // RFC 9207 2.4: an ID token and a signed answer name the issuer themselves.
  if (!types.includes("id_token") && !mode.endsWith("jwt")) parameters["iss"] = state.issuer;
  if (types.includes("code")) parameters["code"] = code;
  if (types.includes("id_token")) {
    const hashes = types.includes("code")
      ? { c_hash: leftHash(code, state.key), s_hash: leftHash(given, state.key) }
      : {};
    parameters["id_token"] = issueIdToken(state, grant, "front", hashes);
  }
  return parameters;
}

/** JARM 2.1. */
function signed(state: ProviderState, grant: Grant, parameters: readonly (readonly [string, string])[]): string {
  const exp = state.now() + 300;
  const claims = { iss: state.issuer, aud: grant.clientId, exp, ...Object.fromEntries(parameters) };
  return issue(state, state.lies.signedAnswer?.(claims) ?? claims, "answer");
}

function send(res: ServerResponse, target: string, mode: string, sent: [string, string][]): void {
  if (!mode.startsWith("form_post")) {
    res.writeHead(302, { location: `${target}?${new URLSearchParams(sent)}` }).end();
    return;
  }
  const inputs = sent.map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  res.setHeader("content-type", "text/html");
  res.end(`<form method="post" action="${escaped(target)}">${inputs.join("")}</form>
<script>document.forms[0].submit()</script>`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
