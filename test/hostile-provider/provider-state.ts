import type { ServerResponse } from "node:http";
import type { Lies, Place } from "./lies.js";
import { createKey, type Json, type SigningKey, signJwt } from "./signer.js";

/** The client as the provider registered it. */
export interface Registration {
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Public key of its assertions and signed requests. */
  readonly jwk?: Json;
}

/** What a provider insists on beside what every one does. */
export interface Demands {
  /** Its clock, in seconds. */
  readonly now?: () => number;
  /** Algorithm of the provider's own signatures. */
  readonly alg?: SigningKey["alg"];
  /** Authorization requests come pushed (RFC 9126). */
  readonly pushed?: boolean;
  /** Authorization requests come signed (RFC 9101). */
  readonly signedRequest?: boolean;
  /** Tokens are bound to a key (RFC 9449). */
  readonly dPoP?: boolean;
  /** Proofs carry this nonce. */
  readonly dPoPNonce?: string;
  /** The one way for the client to prove itself. */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post" | "private_key_jwt";
}

/** A login, from its authorization request on. */
export interface Grant {
  readonly nonce: string | undefined;
  readonly challenge: string | undefined;
  readonly redirectUri: string;
  readonly clientId: string;
  readonly scope: string;
  readonly authTime: number;
  /** Thumbprint of the key that the code is bound to. */
  readonly jkt: string | undefined;
}

export interface TokenRequest {
  readonly parameters: URLSearchParams;
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
}

/** An authorization request as it was understood, by whatever way it came. */
export interface AuthorizationRequest {
  readonly parameters: Json;
  readonly isPushed: boolean;
  readonly isSigned: boolean;
}

export interface ProviderState {
  readonly issuer: string;
  readonly demands: Demands;
  /** Whole seconds. */
  readonly now: () => number;
  registration: Registration;
  lies: Lies;
  key: SigningKey;
  readonly codes: Map<string, Grant>;
  readonly accessTokens: Map<string, Grant>;
  readonly refreshTokens: Map<string, Grant>;
  readonly pushed: Map<string, URLSearchParams>;
  readonly tokenRequests: TokenRequest[];
  readonly authorizationRequests: AuthorizationRequest[];
}

/** Made once: an RSA key takes longer than everything else here. */
const FIRST_KEY = createKey();

export function createState(issuer: string, demands: Demands, registration: Registration): ProviderState {
  return {
    issuer,
    demands,
    now: () => Math.floor(demands.now?.() ?? Date.now() / 1000),
    registration,
    lies: {},
    key: demands.alg === undefined ? FIRST_KEY : createKey(demands.alg),
    codes: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    pushed: new Map(),
    tokenRequests: [],
    authorizationRequests: [],
  };
}

const MOST_KEPT = 1_000;

/** Keeps the newest; no test can make the provider grow for ever. */
export function keep<Value>(map: Map<string, Value>, name: string, value: Value): void {
  map.set(name, value);
  const [oldest] = map.keys();
  if (map.size > MOST_KEPT && oldest !== undefined) map.delete(oldest);
}

/** A JWT of the provider, with the lies about its header and key. */
export function issue({ lies, key, registration }: ProviderState, claims: Json, place: Place): string {
  const header = { kid: key.kid, alg: key.alg };
  return signJwt(
    claims,
    lies.key?.(key, place) ?? key,
    lies.header?.(header, place) ?? header,
    registration.clientSecret,
  );
}

export function issueIdToken(state: ProviderState, grant: Grant, place: Place, more: Json): string | undefined {
  const now = state.now();
  const claims: Json = {
    iss: state.issuer,
    sub: "alice",
    aud: grant.clientId,
    exp: now + 300,
    iat: now,
    auth_time: grant.authTime,
    nonce: place === "refresh" ? undefined : grant.nonce,
    name: "Alice",
    ...more,
  };
  const token = issue(state, state.lies.claims?.(claims, place) ?? claims, place);
  return state.lies.idToken === undefined ? token : state.lies.idToken(token, place);
}

export function json(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(JSON.stringify(body));
}
