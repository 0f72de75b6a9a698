import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ConfigurationError } from "../errors.js";
import type { Claims, JsonValue, LoginEvidence, SavedTokens, Ticket } from "../model.js";
import { joinToken, splitToken, type TokenParts } from "./jwt-parts.js";

/*
 * A ticket and its tokens as bytes, made small before they are sealed:
 *
 *   version 1 | length of own 4 | own | length of signatures 4 | signatures | provider's, deflated
 *
 * Own: what the app added, as JSON. It is never compressed: text that an attacker can choose (a profile field, say) next
 * to a secret in one compressed stream would tell the secret by its length (CRIME).
 * Provider's, with the ticket's ids and times: length of meta 4 | meta as JSON | headers and payloads of tokens that are
 * JWTs, as they were before base64. Claims and evidence are told as differences from the ID token's payload, where that
 * is kept.
 */

const VERSION = 1;

/** Above this nothing is inflated: also a ticket of our own making must not blow up. */
const MAX_INFLATED_BYTES = 262_144;

/** What every ticket has, none of it the app's text: told by place, deflated. Fields not listed here are kept as own. */
const COMMON_FIELDS = [
  "sessionId",
  "version",
  "scheme",
  "transactionId",
  "signedInAtSeconds",
  "issuedAtSeconds",
  "expiresAtSeconds",
  "absoluteExpiresAtSeconds",
  "isPersistent",
] as const;

/** What is set beyond, and what is missing from, a base that both sides know. */
type Difference = readonly [set: Readonly<Record<string, JsonValue>>, missing: readonly string[]];

/** What the app added; claims that it wrote itself are told here, as a difference too. */
interface Own {
  readonly claims?: Difference | undefined;
}

interface Meta {
  /** Values of {@link COMMON_FIELDS}; null for one that is not there. */
  readonly t: readonly JsonValue[];
  readonly c?: Difference | undefined;
  readonly e?: Difference | undefined;
  readonly g?: readonly string[] | undefined;
  /** Tokens by field: as they are, or the lengths of a JWT's parts, which follow in the same order. */
  readonly k?: Readonly<Record<string, JsonValue | TokenLengths>> | undefined;
}

interface TokenLengths {
  readonly jwt: readonly [header: number, payload: number, signature: number];
}

/** What zlib is to know beforehand; the likeliest last. Any change makes it another {@link VERSION}. */
const DICTIONARY = Buffer.from(
  '"zoneinfo":"locale":"birthdate":"gender":"picture":"https://"phone_number":"address":{"realm_access":{"roles":["offline_access","uma_authorization"]},"resource_access":{"account":"allowed-origins":["oid":"tid":"ver":"2.0","upn":"groups":["updated_at":"preferred_username":"nickname":"given_name":"family_name":"email":"@example.com","email_verified":true,"name":"role":"user","roles":["admin","client_id":"azp":"acr":"0","amr":["pwd","mfa"],"idp":"local","sid":"c_hash":"at_hash":"nonce":"auth_time":"scope":"openid profile email api1 offline_access","jti":"iat":17"exp":17"nbf":17"aud":["sub":"iss":"https://login.{"typ":"at+jwt","alg":"ES256","kid":"{"alg":"RS256","typ":"JWT","kid":"accessToken":{"jwt":[idToken":{"jwt":[refreshToken":"tokenType":"bearer","accessTokenExpiresAtSeconds":17"g":["openid","profile","email","api1","offline_access"],"e":[{},[]],"c":[{},["nonce","aud","azp","acr","iss","iat","nbf","exp","at_hash"]]',
);

const TOKEN_FIELDS = ["idToken", "accessToken", "refreshToken"] as const;

/** @throws ConfigurationError `ERR_OIDC_TICKET_TOO_LARGE` beyond 256 kB */
export function encodeTicket(ticket: Ticket, tokens: SavedTokens | undefined): Buffer {
  const { claims, evidence, grantedScopes, ...rest } = ticket;
  const app = Object.fromEntries(Object.entries(rest).filter(([name]) => !isCommon(name)));
  const parts: TokenParts[] = [];
  let base: Claims = {};
  const kept: [string, JsonValue | TokenLengths][] = [];
  for (const [field, value] of Object.entries(tokens ?? {}) as [string, JsonValue | undefined][]) {
    if (value === undefined) continue;
    const split = typeof value === "string" && isTokenField(field) ? splitToken(value) : undefined;
    if (split === undefined) {
      kept.push([field, value]);
      continue;
    }
    if (field === "idToken") base = payloadOf(split.payload);
    parts.push(split);
    kept.push([field, { jwt: [split.header.length, split.payload.length, split.signature.length] }]);
  }
  const changed = difference(base, claims);
  const own: Own = ticket.areClaimsOfApp === true ? { ...app, claims: changed } : app;
  const meta: Meta = {
    t: COMMON_FIELDS.map((name) => ticket[name] ?? null),
    c: own.claims === undefined ? changed : undefined,
    e: evidence === undefined ? undefined : difference(evidenceOf(base), evidence as unknown as Claims),
    g: grantedScopes,
    k: tokens === undefined ? undefined : Object.fromEntries(kept),
  };
  const provider = join([json(meta)], ...parts.flatMap(({ header, payload }) => [header, payload]));
  if (provider.length > MAX_INFLATED_BYTES) {
    throw new ConfigurationError(
      "ERR_OIDC_TICKET_TOO_LARGE",
      `Claims and tokens of this user have ${provider.length} bytes; no session takes more than ${MAX_INFLATED_BYTES}.`,
    );
  }
  const signatures = Buffer.concat(parts.map(({ signature }) => signature));
  const deflated = deflateRawSync(provider, { level: 6, dictionary: DICTIONARY });
  return Buffer.concat([Buffer.of(VERSION), join([json(own), signatures], deflated)]);
}

/** `undefined` for what this version cannot read. Tokens stay packed. */
export function decodeTicket(plaintext: Buffer): Ticket | undefined {
  return orUndefined(() => {
    const { own, meta, provider } = unpack(plaintext);
    const base = idTokenPayload(meta, provider);
    const common: Record<string, JsonValue> = {};
    for (const [at, name] of COMMON_FIELDS.entries()) put(common, name, meta.t[at] ?? undefined);
    const { claims, ...app }: Own = parse(own);
    return {
      ...app,
      ...common,
      claims: applied(base, claims ?? meta.c ?? [{}, []]),
      ...(meta.e === undefined ? {} : { evidence: applied(evidenceOf(base), meta.e) as unknown as LoginEvidence }),
      ...(meta.g === undefined ? {} : { grantedScopes: meta.g }),
    } as unknown as Ticket;
  });
}

/** The saved tokens, byte for byte as they came. */
export function decodeTokens(plaintext: Buffer): SavedTokens | undefined {
  return orUndefined(() => {
    const { signatures, meta, provider } = unpack(plaintext);
    if (meta.k === undefined) return undefined;
    let at = 0;
    let signatureAt = 0;
    const tokens = Object.entries(meta.k).map(([field, value]) => {
      if (!isLengths(field, value)) return [field, value];
      const [headerLength, payloadLength, signatureLength] = value.jwt;
      const header = provider.subarray(at, at + headerLength);
      const payload = provider.subarray(at + headerLength, at + headerLength + payloadLength);
      const signature = signatures.subarray(signatureAt, signatureAt + signatureLength);
      at += headerLength + payloadLength;
      signatureAt += signatureLength;
      return [field, joinToken({ header, payload, signature })];
    });
    return Object.fromEntries(tokens) as SavedTokens;
  });
}

interface Unpacked {
  readonly own: Buffer;
  readonly signatures: Buffer;
  readonly meta: Meta;
  /** Headers and payloads, one after the other. */
  readonly provider: Buffer;
}

function unpack(plaintext: Buffer): Unpacked {
  if (plaintext[0] !== VERSION) throw new RangeError("unknown version");
  const [own, afterOwn] = take(plaintext.subarray(1));
  const [signatures, deflated] = take(afterOwn);
  const inflated = inflateRawSync(deflated, { dictionary: DICTIONARY, maxOutputLength: MAX_INFLATED_BYTES + 4 });
  const [meta, provider] = take(inflated);
  return { own, signatures, meta: parse(meta) as unknown as Meta, provider };
}

function idTokenPayload(meta: Meta, provider: Buffer): Claims {
  let at = 0;
  for (const [field, value] of Object.entries(meta.k ?? {})) {
    if (!isLengths(field, value)) continue;
    const [header, payload] = value.jwt;
    if (field === "idToken") return payloadOf(provider.subarray(at + header, at + header + payload));
    at += header + payload;
  }
  return {};
}

/** The ID token's payload; of one that is no JSON object there is nothing to differ from. */
function payloadOf(bytes: Buffer): Claims {
  try {
    const payload: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof payload === "object" && payload !== null && !Array.isArray(payload) ? (payload as Claims) : {};
  } catch {
    return {};
  }
}

/** What the evidence of a login with this ID token usually is. */
function evidenceOf(payload: Claims): Claims {
  const { iss, sub, sid, auth_time, acr, amr } = payload;
  const pairs = { issuer: iss, subject: sub, providerSessionId: sid, authTimeSeconds: auth_time, acr, amr };
  return Object.fromEntries(Object.entries(pairs).filter((pair): pair is [string, JsonValue] => pair[1] !== undefined));
}

function difference(base: Claims, value: Claims): Difference {
  const set = Object.entries(value).filter(
    ([name, entry]) => entry !== undefined && !(Object.hasOwn(base, name) && text(base[name]) === text(entry)),
  );
  const missing = Object.keys(base).filter((name) => !Object.hasOwn(value, name) || value[name] === undefined);
  return [Object.fromEntries(set), missing];
}

function applied(base: Claims, [set, missing]: Difference): Claims {
  const result: Record<string, JsonValue> = {};
  for (const name of Object.keys(base)) if (!missing.includes(name)) put(result, name, base[name]);
  for (const name of Object.keys(set)) put(result, name, set[name]);
  return result;
}

/** An assignment to `__proto__` would change the prototype; as a claim it is a name among others. */
function put(target: Record<string, JsonValue>, name: string, value: JsonValue | undefined): void {
  if (value === undefined) return;
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function isCommon(name: string): boolean {
  return (COMMON_FIELDS as readonly string[]).includes(name);
}

function isTokenField(field: string): boolean {
  return (TOKEN_FIELDS as readonly string[]).includes(field);
}

function isLengths(field: string, value: unknown): value is TokenLengths {
  return isTokenField(field) && typeof value === "object" && value !== null && "jwt" in value;
}

function json(value: unknown): Buffer {
  return Buffer.from(text(value));
}

/** @throws ConfigurationError `ERR_OIDC_INVALID_USER` for what the app has put there and JSON cannot hold */
function text(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new ConfigurationError(
      "ERR_OIDC_INVALID_USER",
      "A session is made of JSON values, and its claims or items hold something else, such as a bigint: change it to a text where claimActions or an event handler puts it there.",
      { cause },
    );
  }
}

function parse(bytes: Buffer): Readonly<Record<string, JsonValue>> {
  return JSON.parse(bytes.toString("utf8")) as Readonly<Record<string, JsonValue>>;
}

/** Each of the first with its length before it; the rest as it is. */
function join(measured: readonly Buffer[], ...rest: readonly Buffer[]): Buffer {
  const parts = measured.flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return Buffer.concat([...parts, ...rest]);
}

function take(bytes: Buffer): readonly [Buffer, Buffer] {
  const end = 4 + bytes.readUInt32BE(0);
  if (end > bytes.length) throw new RangeError("cut off");
  return [bytes.subarray(4, end), bytes.subarray(end)];
}

/** What a later version, or a defect, has written is as if it were not there: the user signs in again. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
