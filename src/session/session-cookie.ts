import { ConfigurationError } from "../errors.js";

/** Attributes of a cookie of ours. HttpOnly is always set. */
export interface CookieAttributes {
  readonly path: string;
  readonly domain?: string | undefined;
  readonly secure: boolean;
  readonly sameSite: "lax" | "strict" | "none";
  readonly partitioned: boolean;
}

/** Bytes that browsers keep of one cookie: name, value and attributes together (RFC 6265bis 5.6, and what they do). */
const MAX_COOKIE_BYTES = 4096;

const MAX_CHUNKS = 3;

/** Bytes of all chunks together: more, and servers and proxies answer 431 to every request that carries them. */
const MAX_TOTAL_BYTES = 11_000;

const SAME_SITE = { lax: "Lax", strict: "Strict", none: "None" } as const;

/** A Set-Cookie line; `value` must be safe in one as it is. `maxAgeSeconds` 0 removes the cookie, `undefined` leaves it to the browser session. */
export function serializeCookie(
  name: string,
  value: string,
  attributes: CookieAttributes,
  maxAgeSeconds: number | undefined,
): string {
  return `${name}=${value}${serializeAttributes(attributes, maxAgeSeconds)}`;
}

function serializeAttributes(attributes: CookieAttributes, maxAgeSeconds: number | undefined): string {
  let text = `; Path=${attributes.path}`;
  if (attributes.domain !== undefined) text += `; Domain=${attributes.domain}`;
  // Digits alone are valid (RFC 6265 5.2.2): a lifetime of 1.5 s would be dropped, and the cookie outlive it.
  if (maxAgeSeconds !== undefined) text += `; Max-Age=${Math.ceil(maxAgeSeconds)}`;
  if (maxAgeSeconds === 0) text += "; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
  text += "; HttpOnly";
  if (attributes.secure) text += "; Secure";
  text += `; SameSite=${SAME_SITE[attributes.sameSite]}`;
  return attributes.partitioned ? `${text}; Partitioned` : text;
}

/**
 * `__Host-` where the attributes allow it: no sibling host and no http page can then write the cookie. `__Secure-`
 * where only the path or a domain stands against it.
 */
export function sessionCookieName(baseName: string, attributes: CookieAttributes): string {
  const name = encodeURIComponent(baseName).replace(
    /[()'*!~]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (!attributes.secure) return name;
  return attributes.path === "/" && attributes.domain === undefined ? `__Host-${name}` : `__Secure-${name}`;
}

/**
 * The one value of this name. Two different values are none: one of them was planted, and which one is the browser's
 * own cannot be told.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  let found: string | undefined;
  const start = `${name}=`;
  for (let at = header.indexOf(start); at !== -1; at = header.indexOf(start, at + start.length)) {
    if (!isPairStart(header, at)) continue;
    const from = at + start.length;
    let to = header.indexOf(";", from);
    if (to === -1) to = header.length;
    const value = header.slice(from, to).trimEnd();
    if (found !== undefined && found !== value) return undefined;
    found = value;
  }
  return found;
}

function isPairStart(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && header.charCodeAt(before) === 0x20) before--;
  return before < 0 || header.charCodeAt(before) === 0x3b;
}

/**
 * The sealed text of all chunks, whole or nothing. The first character of the first says how many there are. Of one
 * chunk this is a slice, which keeps the whole header alive: what outlives the request copies it.
 */
export function readSealedCookie(header: string | undefined, name: string): string | undefined {
  const first = readCookie(header, name);
  if (first === undefined || first.length < 2 || first.length > MAX_COOKIE_BYTES) return undefined;
  const count = first.charCodeAt(0) - 0x30;
  if (count === 1) return first.slice(1);
  if (count < 1 || count > MAX_CHUNKS) return undefined;
  let sealed = first.slice(1);
  for (let position = 1; position < count; position++) {
    const chunk = readCookie(header, `${name}.${position}`);
    if (chunk === undefined || chunk === "" || chunk.length > MAX_COOKIE_BYTES) return undefined;
    sealed += chunk;
  }
  // Nothing of ours is longer; decrypting what is would be work that anyone can ask for.
  return sealed.length > MAX_TOTAL_BYTES ? undefined : sealed;
}

/**
 * Set-Cookie lines for a sealed text, and for the removal of chunks that a longer one has left in this browser.
 * `maxAgeSeconds` as in {@link serializeCookie}.
 *
 * @throws ConfigurationError `ERR_OIDC_TICKET_TOO_LARGE`
 */
export function writeSealedCookie(
  name: string,
  sealed: string,
  attributes: CookieAttributes,
  maxAgeSeconds: number | undefined,
  requestCookies: string | undefined,
): readonly string[] {
  const suffix = serializeAttributes(attributes, maxAgeSeconds);
  const chunks: string[] = [];
  let rest = sealed;
  do {
    const overhead = chunkName(name, chunks.length).length + 1 + (chunks.length === 0 ? 1 : 0) + suffix.length;
    // With attributes that alone fill a cookie nothing gets smaller, and what remains is refused below.
    const room = MAX_COOKIE_BYTES - overhead;
    chunks.push(rest.slice(0, room));
    rest = rest.slice(room);
  } while (rest !== "" && chunks.length < MAX_CHUNKS);
  const total = sealed.length + chunks.reduce((sum, _, i) => sum + chunkName(name, i).length + 1 + suffix.length, 0);
  if (rest !== "" || total > MAX_TOTAL_BYTES) {
    throw new ConfigurationError(
      "ERR_OIDC_TICKET_TOO_LARGE",
      `The session does not fit into cookies: sealed it has ${sealed.length} bytes, and ${MAX_CHUNKS} cookies of ${MAX_COOKIE_BYTES} bytes, ${MAX_TOTAL_BYTES} in all with names and attributes, are what browsers and servers take.`,
    );
  }
  return [
    ...chunks.map((chunk, i) => `${chunkName(name, i)}=${i === 0 ? chunks.length : ""}${chunk}${suffix}`),
    ...removals(name, attributes, requestCookies, chunks.length),
  ];
}

/** Lines that remove every chunk that the request carries, and the first in any case. */
export function clearSealedCookie(
  name: string,
  attributes: CookieAttributes,
  requestCookies: string | undefined,
): readonly string[] {
  return [serializeCookie(name, "", attributes, 0), ...removals(name, attributes, requestCookies, 1)];
}

function removals(
  name: string,
  attributes: CookieAttributes,
  requestCookies: string | undefined,
  from: number,
): readonly string[] {
  const lines: string[] = [];
  if (requestCookies === undefined || !requestCookies.includes(`${name}.`)) return lines;
  for (let position = from; position < 10; position++) {
    const chunk = chunkName(name, position);
    if (requestCookies.includes(`${chunk}=`)) lines.push(serializeCookie(chunk, "", attributes, 0));
  }
  return lines;
}

function chunkName(name: string, position: number): string {
  return position === 0 ? name : `${name}.${position}`;
}
