import type { Problems } from "./problems.js";
import type { CookieOptions } from "./session-options.js";

/*
 * One check per kind of value. Each takes the collector, the option's path and the given value, reports what is wrong
 * and answers the value to go on with, so that resolving reads as a list.
 */

export function flag(problems: Problems, path: string, given: unknown, fallback: boolean): boolean {
  if (given === undefined) return fallback;
  if (typeof given !== "boolean") problems.add(path, `must be true or false, is ${describe(given)}.`);
  return given === true;
}

export function text(problems: Problems, path: string, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && given !== "") return given;
  problems.add(path, `must be a text that is not empty, is ${describe(given)}.`);
  return undefined;
}

export function textList(problems: Problems, path: string, given: unknown): readonly string[] | undefined {
  if (given === undefined) return undefined;
  const list = typeof given === "string" ? given.split(/\s+/).filter((part) => part !== "") : given;
  if (Array.isArray(list) && list.length > 0 && list.every((part) => typeof part === "string" && part !== "")) {
    return [...new Set<string>(list)];
  }
  problems.add(path, `must be a text or a list of texts, is ${describe(given)}.`);
  return undefined;
}

/** A hundred years: no duration is longer, and dates that far ahead can still be written. */
const MOST_SECONDS = 3_155_760_000;

/** Of one request: what is longer was most likely meant as milliseconds, and timers take no more than 24 days. */
export const MOST_TIMEOUT_SECONDS = 3_600;

export function seconds(
  problems: Problems,
  path: string,
  given: unknown,
  fallback: number,
  {
    least = 1,
    most = MOST_SECONDS,
    whole = false,
  }: { readonly least?: number; readonly most?: number; readonly whole?: boolean } = {},
): number {
  if (given === undefined) return fallback;
  if (typeof given === "number" && given >= least && given <= most && (!whole || Number.isInteger(given))) {
    return given;
  }
  const range = typeof given === "number" && given > most ? `${most} at most (not milliseconds)` : `${least} or more`;
  problems.add(path, `must be ${whole ? "whole " : ""}seconds, ${range}, is ${describe(given)}.`);
  return fallback;
}

export function oneOf<Value extends string>(
  problems: Problems,
  path: string,
  given: unknown,
  accepted: readonly Value[],
): Value | undefined {
  if (given === undefined) return undefined;
  const found = accepted.find((value) => value === given);
  if (found === undefined) {
    problems.add(path, `must be one of ${accepted.map((value) => `"${value}"`).join(", ")}, is ${quote(given)}.`);
  }
  return found;
}

export function record(problems: Problems, path: string, given: unknown): object {
  if (given === undefined) return {};
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  problems.add(path, `must be an object, is ${describe(given)}.`);
  return {};
}

export function callable(problems: Problems, path: string, given: unknown): void {
  if (given !== undefined && typeof given !== "function") {
    problems.add(path, `must be a function, is ${describe(given)}.`);
  }
}

/** A path that the middleware answers itself: compared exactly, so nothing in it may be read in two ways. */
export function ownPath(problems: Problems, path: string, given: unknown, fallback: string): string {
  if (given === undefined) return fallback;
  if (typeof given === "string" && /^\/(?!\/)[^?#\\\s%]*$/.test(given)) return given;
  problems.add(path, `must be a path such as "${fallback}", without query or escapes, is ${quote(given)}.`);
  return fallback;
}

/** An absolute URL. Quotes, blanks and a missing scheme are what copied settings most often suffer from. */
export function absoluteUrl(problems: Problems, path: string, given: unknown, https: boolean): URL | undefined {
  const value = text(problems, path, given);
  if (value === undefined) return undefined;
  if (/^["']|["']$/.test(value)) {
    problems.add(path, `is in quotes (${withoutCredentials(value)}); give the URL without them.`);
    return undefined;
  }
  if (value !== value.trim()) {
    problems.add(path, "has blanks or a line break around the URL; remove them.");
    return undefined;
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    const shown = withoutCredentials(value);
    problems.add(
      path,
      `must be a URL with its scheme, such as "https://${shown.replace(/^(?:https?:)?\/*/i, "")}", is "${shown}".`,
    );
    return undefined;
  }
  if (/[<>{}]/.test(value)) {
    problems.add(path, `holds a placeholder, is "${withoutCredentials(value)}". Put the real name in its place.`);
    return undefined;
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "") {
    problems.add(path, `must be an http(s) URL without credentials, is "${withoutCredentials(value)}".`);
    return undefined;
  }
  if (https && url.protocol === "http:") {
    problems.add(
      path,
      `must be https, is "${value}". For a provider on a developer's machine set requireHttpsMetadata to false.`,
    );
    return undefined;
  }
  return url;
}

/** A password stands in some URLs, where none is wanted; a message must not repeat it. */
function withoutCredentials(url: string): string {
  return url.replace(/[^/"'\s]*@/, "…@");
}

/** Name of a cookie, to which its prefix is added where the attributes allow one. */
export function cookieName(problems: Problems, path: string, given: unknown, fallback: string): string {
  const name = text(problems, path, given) ?? fallback;
  const prefix = /^__(?:Host|Secure)-/i.exec(name)?.[0];
  if (prefix !== undefined) problems.add(path, `must be without "${prefix}", which is added where https allows it.`);
  return name;
}

const COOKIE_KEYS: Readonly<Record<keyof CookieOptions, true>> = {
  sameSite: true,
  secure: true,
  domain: true,
  path: true,
  partitioned: true,
};

const LIFE =
  "is not set here: the session's life is `expireTimeSpan`, and `persistent` keeps it over browser restarts.";

/** What other libraries take among a cookie's attributes, in lower case, and why it is not one here. */
const NOT_HERE: Readonly<Record<string, string>> = {
  maxage: LIFE,
  expires: LIFE,
  httponly: "is always on.",
  name: "is not set here: it stands beside `cookie`.",
};

/** Cookie attributes with their defaults. */
export interface ResolvedCookieOptions {
  readonly sameSite: "lax" | "strict" | "none";
  readonly secure: "auto" | boolean;
  readonly domain: string | undefined;
  readonly path: string | undefined;
  readonly partitioned: boolean;
}

export function cookie(
  problems: Problems,
  path: string,
  given: unknown,
  fallback: ResolvedCookieOptions = {
    sameSite: "lax",
    secure: "auto",
    domain: undefined,
    path: undefined,
    partitioned: false,
  },
): ResolvedCookieOptions {
  const options: CookieOptions = record(problems, path, given);
  const known: Record<string, unknown> = { ...COOKIE_KEYS };
  for (const [key, value] of Object.entries(options)) {
    const reason = Object.hasOwn(NOT_HERE, key.toLowerCase()) ? NOT_HERE[key.toLowerCase()] : undefined;
    if (reason === undefined) continue;
    known[key] = true;
    if (value !== undefined) problems.add(`${path}.${key}`, reason);
  }
  problems.unknownKeys(path, options, known);
  const sameSite =
    oneOf(problems, `${path}.sameSite`, options.sameSite, ["lax", "strict", "none"]) ?? fallback.sameSite;
  const secure = options.secure === undefined ? fallback.secure : options.secure;
  if (secure !== "auto" && typeof secure !== "boolean") {
    problems.add(`${path}.secure`, `must be "auto", true or false, is ${describe(secure)}.`);
  }
  if (sameSite === "none" && secure === false) {
    problems.add(`${path}.sameSite`, 'is "none", which browsers accept with Secure alone; leave `secure` at "auto".');
  }
  const cookiePath = text(problems, `${path}.path`, options.path);
  if (cookiePath !== undefined && !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(cookiePath)) {
    problems.add(`${path}.path`, `must begin with "/" and be ASCII without blanks and ";", is ${quote(cookiePath)}.`);
  }
  const domain = text(problems, `${path}.domain`, options.domain);
  if (domain !== undefined && !/^[a-z0-9.-]+$/i.test(domain)) {
    problems.add(`${path}.domain`, `must be a host name, is "${domain}".`);
  }
  return {
    sameSite,
    secure,
    domain: domain ?? fallback.domain,
    path: cookiePath ?? fallback.path,
    partitioned: flag(problems, `${path}.partitioned`, options.partitioned, fallback.partitioned),
  };
}

/** A value that cannot be a secret, for a message. */
export function quote(value: unknown): string {
  return typeof value === "string" ? `"${value.length > 80 ? `${value.slice(0, 80)}…` : value}"` : describe(value);
}

/** What a value is, for a message: never the content of a text, which may be a secret. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "string") return value === "" ? "an empty text" : "a text";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
