import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen, stop } from "../support/relying-party.js";
import { authorize, push } from "./authorization-endpoint.js";
import type { Lies } from "./lies.js";
import {
  type AuthorizationRequest,
  createState,
  type Demands,
  json,
  type ProviderState,
  type Registration,
  type TokenRequest,
} from "./provider-state.js";
import { createKey, type Json, type SigningKey } from "./signer.js";
import { token, userInfo } from "./token-endpoint.js";

export interface HostileProvider {
  readonly issuer: string;
  /** Requests by path, in order. */
  readonly asked: readonly string[];
  readonly tokenRequests: readonly TokenRequest[];
  readonly authorizationRequests: readonly AuthorizationRequest[];
  /** From now on these, and no others. */
  lie(lies: Lies): void;
  /** From now on another client than {@link CLIENT}. */
  register(registration: Registration): void;
  rotate(key?: SigningKey): void;
  stop(): Promise<void>;
}

export const CLIENT = { clientId: "client", clientSecret: "a-secret-of-the-client" };

/** What {@link CLIENT} signs with, where it signs. */
export const CLIENT_KEY: SigningKey = createKey("ES256");

/** A provider that asks nobody and is right in everything, but for the one thing that a test makes it lie about. */
export async function startHostileProvider(demands: Demands = {}): Promise<HostileProvider> {
  const asked: string[] = [];
  const server = createServer((req, res) => {
    answer(state, asked, req, res).catch((error: unknown) => {
      if (!res.headersSent) res.statusCode = 500;
      res.end(String(error));
    });
  });
  const issuer = `http://localhost:${await listen(server)}`;
  const state = createState(issuer, demands, { ...CLIENT, jwk: CLIENT_KEY.jwk });
  return {
    issuer,
    asked,
    tokenRequests: state.tokenRequests,
    authorizationRequests: state.authorizationRequests,
    lie(lies) {
      state.lies = lies;
    },
    register(registration) {
      state.registration = registration;
    },
    rotate(key = createKey()) {
      state.key = key;
    },
    stop: () => stop(server),
  };
}

async function answer(state: ProviderState, asked: string[], req: IncomingMessage, res: ServerResponse): Promise<void> {
  // Two slashes at the beginning would be another host.
  const url = new URL(state.issuer + (req.url ?? "/").replace(/^\/+/, "/"));
  asked.push(url.pathname);
  const body = new URLSearchParams(await text(req));
  const { lies, key } = state;
  if (lies.respond?.(url.pathname, req, res) === true) return;
  if (url.pathname.endsWith("/.well-known/openid-configuration")) {
    return json(res, lies.metadata?.(metadata(state)) ?? metadata(state));
  }
  switch (url.pathname) {
    case "/jwks":
      return json(res, { keys: lies.keys === undefined ? [key.jwk] : lies.keys([key.jwk]) });
    case "/par":
      return push(state, req, body, res);
    case "/authorize":
      return authorize(state, url.searchParams, res);
    case "/token":
      return token(state, req, body, res);
    case "/userinfo":
      return userInfo(state, req, res);
    case "/end":
      return endSession(state, url.searchParams, res);
    default:
      res.writeHead(404).end();
  }
}

function metadata({ issuer, demands }: ProviderState): Json {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/end`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code", "code id_token", "id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [demands.alg ?? "RS256"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    ...(demands.clientAuthentication !== undefined && {
      token_endpoint_auth_methods_supported: [demands.clientAuthentication],
    }),
    ...(demands.pushed === true && {
      pushed_authorization_request_endpoint: `${issuer}/par`,
      require_pushed_authorization_requests: true,
    }),
    ...(demands.dPoP === true && { dpop_signing_alg_values_supported: ["ES256"] }),
  };
}

function endSession({ issuer, lies }: ProviderState, query: URLSearchParams, res: ServerResponse): void {
  const back = new URL(query.get("post_logout_redirect_uri") ?? issuer);
  const state = query.get("state");
  if (state !== null) back.searchParams.set("state", state);
  res.writeHead(302, { location: (lies.signedOut?.(back) ?? back).href }).end();
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += (chunk as Buffer).length;
    if (bytes <= 65_536) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
