import type { ResolvedCookieOptions } from "../options/checks.js";
import { type CookieAttributes, sessionCookieName } from "../session/session-cookie.js";

/** Name and attributes of a cookie of ours on one path. */
export interface SessionCookie {
  readonly name: string;
  readonly attributes: CookieAttributes;
}

/** Name and attributes depend on https and public path alone; almost every app has one pair of them. */
export function cookiesByPath(
  baseName: string,
  options: ResolvedCookieOptions,
): (publicPath: string, isHttps: boolean) => SessionCookie {
  const known = new Map<string, SessionCookie>();
  let last: (SessionCookie & { readonly publicPath: string; readonly isHttps: boolean }) | undefined;
  return (publicPath, isHttps) => {
    if (last !== undefined && last.publicPath === publicPath && last.isHttps === isHttps) return last;
    const key = `${isHttps} ${publicPath}`;
    let cookie = known.get(key);
    if (cookie === undefined) {
      const secure = options.secure === "auto" ? isHttps : options.secure;
      const attributes: CookieAttributes = {
        // A parametric mount path is the browser's text; only what is safe in an attribute becomes one.
        path: options.path ?? (/^\/[\w\-./~%!$&'()*+=:@]*$/.test(publicPath) ? publicPath : "/"),
        ...(options.domain === undefined ? {} : { domain: options.domain }),
        secure,
        sameSite: options.sameSite,
        partitioned: options.partitioned,
      };
      cookie = { name: sessionCookieName(baseName, attributes), attributes };
      if (known.size >= 100) known.clear();
      known.set(key, cookie);
    }
    last = { ...cookie, publicPath, isHttps };
    return cookie;
  };
}
