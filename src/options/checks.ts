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

export function seconds(
  problems: Problems,
  path: string,
  given: unknown,
  fallback: number,
  { least = 1, whole = false }: { readonly least?: number; readonly whole?: boolean } = {},
): number {
  if (given === undefined) return fallback;
  if (typeof given === "number" && Number.isFinite(given) && given >= least && (!whole || Number.isInteger(given))) {
    return given;
  }
  problems.add(path, `must be ${whole ? "whole " : ""}seconds, ${least} or more, is ${describe(given)}.`);
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
    problems.add(path, `is in quotes (${value}); give the URL without them.`);
    return undefined;
  }
  if (value !== value.trim()) {
    problems.add(path, "has blanks or a line break around the URL; remove them.");
    return undefined;
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    problems.add(path, `must be a URL with its scheme, such as "https://${value.replace(/^\/+/, "")}", is "${value}".`);
    return undefined;
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "") {
    problems.add(path, `must be an http(s) URL without credentials, is "${value}".`);
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

const PLACEHOLDER =
  /keyboard.?cat|change.?(me|this)|your.{0,12}secret|replace.?(me|this|with)|placeholder|insert.{0,8}secret|long.?random.?(string|value)|<.*>/i;

/** Secrets that seal cookies: long enough, and not copied from a sample. Never puts one into a message. */
export function secrets(problems: Problems, path: string, given: unknown): readonly string[] {
  const list = typeof given === "string" ? [given] : given;
  if (!Array.isArray(list) || list.length === 0) {
    problems.add(
      path,
      "is missing. Give at least 32 random characters, for example of `openssl rand -base64 48`, from the environment.",
    );
    return [];
  }
  for (const [position, secret] of list.entries()) {
    const at = list.length === 1 ? path : `${path}[${position}]`;
    if (typeof secret !== "string") problems.add(at, `must be a text, is ${describe(secret)}.`);
    else if (secret !== secret.trim()) {
      problems.add(
        at,
        "begins or ends with a blank or a line break, as a file read with its last line end does; trim it.",
      );
    } else if (secret.length < 32) {
      problems.add(at, `must have at least 32 characters, has ${secret.length}. Try \`openssl rand -base64 48\`.`);
    } else if (PLACEHOLDER.test(secret)) {
      problems.add(at, "is a placeholder that others know; make one with `openssl rand -base64 48`.");
    }
  }
  return list.filter((secret) => typeof secret === "string");
}

const COOKIE_KEYS: Readonly<Record<keyof CookieOptions, true>> = {
  sameSite: true,
  secure: true,
  domain: true,
  path: true,
  partitioned: true,
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
  const options: CookieOptions & { maxAge?: unknown; expires?: unknown; httpOnly?: unknown } = record(
    problems,
    path,
    given,
  );
  for (const key of ["maxAge", "expires"] as const) {
    if (options[key] !== undefined) {
      problems.add(
        `${path}.${key}`,
        "is not set here: the session's life is `expireTimeSpan`, and `persistent` keeps it over browser restarts.",
      );
    }
  }
  if (options.httpOnly !== undefined) problems.add(`${path}.httpOnly`, "is always on.");
  problems.unknownKeys(path, options, { ...COOKIE_KEYS, maxAge: true, expires: true, httpOnly: true });
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
