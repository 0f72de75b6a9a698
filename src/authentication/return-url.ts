import { ConfigurationError } from "../errors.js";

/**
 * A return URL that stays on the own origin, or `undefined`. Judged as a browser would resolve it, on the very text
 * that will be sent: by structure, not by a list of bad forms.
 */
export function localReturnUrl(given: unknown, origin: string): string | undefined {
  if (typeof given !== "string" || !isPathText(given)) return undefined;
  if (!URL.canParse(given, origin)) return undefined;
  const resolved = new URL(given, origin);
  if (resolved.origin !== origin) return undefined;
  const written = resolved.pathname + resolved.search + resolved.hash;
  // Dot segments can leave two slashes in front, which whoever redirects by the path that arrives would send elsewhere.
  if (!isPathText(written)) return undefined;
  // What is plain ASCII goes out byte for byte as it came; only what a header cannot hold is written anew.
  return /^[\x21-\x7e]+$/.test(given) ? given : written;
}

/** Starts with one slash; nothing that URL parsers drop, or read as a slash. */
function isPathText(value: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return /^\/(?!\/)[^\\\x00-\x20\x7f]*$/.test(value);
}

/**
 * A return URL given in code: also an absolute one of the own origin.
 *
 * @throws ConfigurationError `ERR_OIDC_INVALID_RETURN_URL`
 */
export function returnUrlFromCode(given: string, origin: string): string {
  const absolute = /^https?:/i.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  const path =
    absolute === undefined
      ? given
      : absolute.origin === origin
        ? absolute.pathname + absolute.search + absolute.hash
        : undefined;
  const local = localReturnUrl(path, origin);
  if (local !== undefined) return local;
  throw new ConfigurationError(
    "ERR_OIDC_INVALID_RETURN_URL",
    `returnUrl must be a path of this app or a URL of its own origin (${origin}); it is neither. To send users elsewhere, do it from a page of the app.`,
  );
}
