import { randomBytes } from "node:crypto";
import { type CookieAttributes, serializeCookie } from "./session-cookie.js";

/** A correlation cookie that a request carries. */
export interface CorrelationCookie {
  readonly name: string;
  readonly value: string;
  /** The sign-in of this browser that last went well; a sign-out clears the cookie. */
  readonly signedIn?: SignInNote | undefined;
}

/** When a sign-in went well, and into which session cookie: another app on this host reads the same notes. */
export interface SignInNote {
  readonly atSeconds: number;
  /** Four characters that stand for the cookie's name. */
  readonly session: string;
}

/**
 * The cookie that binds transactions to this browser: 16 random bytes, one for all of them. Tabs that start at the
 * same moment may each be given one, hence the four random characters at the end of the name: none overwrites
 * another's.
 */
const VALUE = /^([\w-]{22})(?:\.([0-9a-z]{1,9})\.([\w-]{4}))?$/;

/** More than a browser comes to by honest use; each further one costs every request its bytes. */
const MOST_COOKIES = 24;

/** Those of the request, malformed ones left out. `prefix` is the cookie's name with its dot. */
export function readCorrelationCookies(header: string | undefined, prefix: string): readonly CorrelationCookie[] {
  if (header === undefined || !header.includes(prefix)) return [];
  const found: CorrelationCookie[] = [];
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, equals).trim();
    if (name.length !== prefix.length + 4 || !name.startsWith(prefix)) continue;
    const [, value, time, session] = VALUE.exec(pair.slice(equals + 1).trim()) ?? [];
    if (value === undefined) continue;
    const isNoted = time !== undefined && session !== undefined;
    found.push({ name, value, signedIn: isNoted ? { atSeconds: Number.parseInt(time, 36), session } : undefined });
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

/** The line that notes a sign-in that went well, so that a browser which then drops the session is recognised. */
export function noteSignIn(
  header: string | undefined,
  prefix: string,
  attributes: CookieAttributes,
  lifetimeSeconds: number,
  note: SignInNote,
): readonly string[] {
  const [first] = readCorrelationCookies(header, prefix);
  if (first === undefined) return [];
  const value = `${first.value}.${Math.floor(note.atSeconds).toString(36)}.${note.session}`;
  return [serializeCookie(first.name, value, attributes, lifetimeSeconds)];
}

/** Lines that take such notes back. */
export function forgetSignIn(
  header: string | undefined,
  prefix: string,
  attributes: CookieAttributes,
  lifetimeSeconds: number,
): readonly string[] {
  return readCorrelationCookies(header, prefix)
    .filter(({ signedIn }) => signedIn !== undefined)
    .map(({ name, value }) => serializeCookie(name, value, attributes, lifetimeSeconds));
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
