interface StoredCookie {
  readonly name: string;
  readonly value: string;
  readonly host: string;
  readonly path: string;
  readonly isSecure: boolean;
  readonly expiresAtMs: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Cookies as a browser keeps them: by host (ports do not matter), path, prefix rules and Secure. */
export class CookieJar {
  #cookies: StoredCookie[] = [];

  /** Takes the Set-Cookie lines of a response from `url`. */
  take(lines: readonly string[], url: string): void {
    const { hostname, pathname } = new URL(url);
    for (const line of lines) {
      const [pair = "", ...rest] = line.split(";").map((part) => part.trim());
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      const value = pair.slice(equals + 1);
      const attributes = Object.fromEntries(
        rest.map((part) => {
          const at = part.indexOf("=");
          return at === -1 ? [part.toLowerCase(), ""] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
        }),
      ) as Record<string, string>;
      const isSecure = "secure" in attributes;
      const path = attributes["path"]?.startsWith("/")
        ? attributes["path"]
        : /^(.*)\/[^/]*$/.exec(pathname)?.[1] || "/";
      if (isSecure && !mayBeSecure(url)) continue;
      if (name.startsWith("__Host-") && (!isSecure || path !== "/" || "domain" in attributes)) continue;
      if (name.startsWith("__Secure-") && !isSecure) continue;
      if (attributes["samesite"]?.toLowerCase() === "none" && !isSecure) continue;
      // A browser keeps what fits: name, value and attributes of at most 4096 bytes.
      if (Buffer.byteLength(line) > 4096) continue;
      this.#cookies = this.#cookies.filter((c) => !(c.name === name && c.host === hostname && c.path === path));
      const expiresAtMs = expiryOf(attributes);
      if (expiresAtMs > Date.now()) {
        this.#cookies.push({ name, value, host: hostname, path, isSecure, expiresAtMs, attributes });
      }
    }
  }

  header(url: string): string | undefined {
    const { hostname, pathname } = new URL(url);
    const found = this.#cookies.filter(
      ({ host, path, isSecure, expiresAtMs }) =>
        host === hostname &&
        expiresAtMs > Date.now() &&
        (path === "/" || pathname === path || pathname.startsWith(path.endsWith("/") ? path : `${path}/`)) &&
        (!isSecure || mayBeSecure(url)),
    );
    return found.length === 0 ? undefined : found.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  names(): readonly string[] {
    return this.#cookies.map(({ name }) => name);
  }

  get(name: string): string | undefined {
    return this.#cookies.find((cookie) => cookie.name === name)?.value;
  }

  set(name: string, value: string, url: string): void {
    this.take([`${name}=${value}; Path=/`], url);
  }

  remove(isUnwanted: (name: string) => boolean): void {
    this.#cookies = this.#cookies.filter(({ name }) => !isUnwanted(name));
  }

  clone(): CookieJar {
    const copy = new CookieJar();
    copy.#cookies = [...this.#cookies];
    return copy;
  }
}

/** Max-Age counts before Expires (RFC 6265 5.3); without both a cookie lasts as long as the browser. */
function expiryOf(attributes: Readonly<Record<string, string>>): number {
  const maxAge = attributes["max-age"] ?? "";
  if (/^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const expires = Date.parse(attributes["expires"] ?? "");
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires;
}

/** Browsers take Secure cookies from loopback over http too. */
function mayBeSecure(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
}
