import { randomBytes } from "node:crypto";
import { type CookieAttributes, serializeCookie } from "./session-cookie.js";

/** A correlation cookie that a request carries. */
export interface CorrelationCookie {
  readonly name: string;
  readonly value: string;
  /** The sign-in of this browser that last went well; a sign-out clears the cookie. */
  readonly signedIn?: SignInNote | undefined;
}

/** What a correlation cookie remembers of sign-ins. */
export interface SignInNote {
  /** Seconds since the epoch. */
  readonly atSeconds: number;
  /** Four characters that stand for the session cookie's name: another app on this host reads the same notes. */
  readonly session: string;
  /** How many there were, each because the one just before was not known any more. */
  readonly inARow: number;
}

/**
 * The cookie that binds transactions to this browser: 16 random bytes, one for all of them. Tabs that start at the
 * same moment may each be given one, hence the four random characters at the end of the name: none overwrites
 * another's.
 */
const VALUE = /^([\w-]{22})(?:\.([0-9a-z]{1,9})\.([\w-]{4})\.([1-9]))?$/;

/** Sign-ins further apart than this are a person's own doing. */
const ROW_SECONDS = 5;

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
    const [, value, time, session, inARow] = VALUE.exec(pair.slice(equals + 1).trim()) ?? [];
    if (value === undefined) continue;
    const signedIn =
      time === undefined || session === undefined
        ? undefined
        : { atSeconds: Number.parseInt(time, 36), session, inARow: Number(inARow) };
    found.push({ name, value, signedIn });
  }
  return found;
}

/**
 * The cookie that a challenge uses, and the lines that give, renew and clear. `keepsNote`: the challenge may be part of a
 * loop, so what was noted of sign-ins stays.
 */
export function correlate(
  header: string | undefined,
  prefix: string,
  attributes: CookieAttributes,
  lifetimeSeconds: number,
  keepsNote = false,
): { readonly value: string; readonly setCookies: readonly string[] } {
  const present = readCorrelationCookies(header, prefix);
  const kept: CorrelationCookie = present[0] ?? {
    name: prefix + randomName(),
    value: randomBytes(16).toString("base64url"),
  };
  const surplus = present.slice(MOST_COOKIES);
  return {
    value: kept.value,
    setCookies: [
      serializeCookie(kept.name, noted(kept.value, keepsNote ? kept.signedIn : undefined), attributes, lifetimeSeconds),
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
  { session, ...note }: Omit<SignInNote, "inARow">,
): readonly string[] {
  const [first] = readCorrelationCookies(header, prefix);
  if (first === undefined) return [];
  const atSeconds = Math.floor(note.atSeconds);
  const before = first.signedIn?.session === session ? first.signedIn : undefined;
  const isNext = before !== undefined && atSeconds >= before.atSeconds && atSeconds - before.atSeconds <= ROW_SECONDS;
  const inARow = isNext ? Math.min(before.inARow + 1, 9) : 1;
  return [serializeCookie(first.name, noted(first.value, { atSeconds, session, inARow }), attributes, lifetimeSeconds)];
}

function noted(value: string, note: SignInNote | undefined): string {
  return note === undefined ? value : `${value}.${note.atSeconds.toString(36)}.${note.session}.${note.inARow}`;
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
