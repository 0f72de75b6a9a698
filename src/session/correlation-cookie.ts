import { randomBytes } from "node:crypto";
import { type CookieAttributes, serializeCookie } from "./session-cookie.js";

/** A correlation cookie that a request carries. */
export interface CorrelationCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The cookie that binds transactions to this browser: 16 random bytes, one for all of them. Tabs that start at the
 * same moment may each be given one, hence the four random characters at the end of the name: none overwrites
 * another's.
 */
const VALUE = /^[\w-]{22}$/;

/** More than a browser comes to by honest use; each further one costs every request its bytes. */
const MOST_COOKIES = 24;

/** Those of the request, malformed ones left out. `prefix` is the cookie's name with its dot. */
export function readCorrelationCookies(header: string | undefined, prefix: string): readonly CorrelationCookie[] {
  if (header === undefined || !header.includes(prefix)) return [];
  const found: CorrelationCookie[] = [];
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals).trim();
    const value = pair.slice(equals + 1).trim();
    if (name.length === prefix.length + 4 && name.startsWith(prefix) && VALUE.test(value)) found.push({ name, value });
  }
  return found;
}

/** The cookie that a challenge uses, and the lines that give, renew and clear. */
export function correlate(
  header: string | undefined,
  prefix: string,
  attributes: CookieAttributes,
  lifetimeSeconds: number,
): { readonly value: string; readonly setCookies: readonly string[] } {
  const present = readCorrelationCookies(header, prefix);
  const kept = present[0] ?? { name: prefix + randomName(), value: randomBytes(16).toString("base64url") };
  const surplus = present.slice(MOST_COOKIES);
  return {
    value: kept.value,
    setCookies: [
      serializeCookie(kept.name, kept.value, attributes, lifetimeSeconds),
      ...surplus.map(({ name }) => serializeCookie(name, "", attributes, 0)),
    ],
  };
}

/** Lines that clear every correlation cookie that the request carries. */
export function clearCorrelation(
  header: string | undefined,
  prefix: string,
  attributes: CookieAttributes,
): readonly string[] {
  return readCorrelationCookies(header, prefix).map(({ name }) => serializeCookie(name, "", attributes, 0));
}

function randomName(): string {
  return randomBytes(3).toString("base64url");
}
