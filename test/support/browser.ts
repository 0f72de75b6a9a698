import { CookieJar } from "./cookie-jar.js";
import { send } from "./send.js";

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly setCookies: readonly string[];
}

export interface SignInSettings {
  readonly username?: string;
  readonly password?: string;
  readonly consent?: "allow" | "deny";
}

/** A person's browser over plain HTTP: cookies, navigation headers, redirects by hand, forms. */
export class Browser {
  readonly jar: CookieJar;
  /** Every page view, redirects included. */
  readonly history: Page[] = [];

  constructor(jar: CookieJar = new CookieJar()) {
    this.jar = jar;
  }

  /** One request as a page view, no redirect followed. */
  async request(url: string, init: RequestInit = {}): Promise<Page> {
    const headers = new Headers({
      accept: "text/html,application/xhtml+xml",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
      "sec-fetch-site": "same-origin",
    });
    const cookies = this.jar.header(url);
    if (cookies !== undefined) headers.set("cookie", cookies);
    for (const [name, value] of new Headers(init.headers)) {
      if (value === "") headers.delete(name);
      else headers.set(name, value);
    }
    const response = await send(url, { ...init, headers });
    const setCookies = response.headers.getSetCookie();
    this.jar.take(setCookies, url);
    const page = { url, ...response, setCookies };
    this.history.push(page);
    return page;
  }

  /** A page view with its redirects, up to one that `stopAt` names. */
  async open(url: string, init: RequestInit = {}, stopAt?: (url: string) => boolean): Promise<Page> {
    let page = await this.request(url, init);
    for (let redirects = 0; page.status >= 300 && page.status < 400; redirects++) {
      if (redirects > 20) throw new Error(`Too many redirects, last to ${page.headers.get("location")}`);
      const next = new URL(page.headers.get("location") ?? "", page.url).href;
      if (stopAt?.(next) === true) return { ...page, url: next };
      page = await this.request(next, keptHeaders(init));
    }
    return page;
  }

  /** A script's `fetch` on a page of the same origin. */
  fetch(url: string, init: RequestInit = {}): Promise<Page> {
    const headers = { accept: "application/json", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" };
    return this.request(url, { ...init, headers: { ...headers, ...(init.headers as Record<string, string>) } });
  }

  async submit(page: Page, fields: Readonly<Record<string, string>>, stopAt?: (url: string) => boolean): Promise<Page> {
    const form = formOf(page);
    return this.open(
      form.action,
      {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ ...form.fields, ...fields }),
      },
      stopAt,
    );
  }

  /** Opens a page of the app, logs in at the test provider when it leads there, and comes back. */
  async signIn(url: string, settings: SignInSettings = {}): Promise<Page> {
    return this.completeSignIn(await this.open(url), settings);
  }

  /** As {@link signIn}, and stops before the callback: answers its URL. */
  async signInUpToCallback(url: string, settings: SignInSettings = {}, path = "/signin-oidc"): Promise<string> {
    const stopAt = (next: string) => new URL(next).pathname.endsWith(path);
    const page = await this.completeSignIn(await this.open(url, {}, stopAt), settings, stopAt);
    if (!stopAt(page.url)) throw new Error(`The provider did not come back: ${page.status} ${page.url}\n${page.body}`);
    return page.url;
  }

  async completeSignIn(
    start: Page,
    { username = "alice", password = "Abcd@1234", consent = "allow" }: SignInSettings = {},
    stopAt?: (url: string) => boolean,
  ): Promise<Page> {
    let page = start;
    if (stopAt?.(page.url) === true) return page;
    if (page.body.includes('name="password"')) {
      page = await this.submit(page, { username, password, action: "login" }, stopAt);
    }
    if (stopAt?.(page.url) === true) return page;
    if (page.body.includes('value="allow"')) page = await this.submit(page, { action: consent }, stopAt);
    if (stopAt?.(page.url) === true) return page;
    // form_post, and the provider's logout page: forms that submit themselves.
    if (/<script/.test(page.body) && /<form/.test(page.body)) page = await this.submit(page, {}, stopAt);
    return page;
  }
}

export function formOf(page: Page): { readonly action: string; readonly fields: Readonly<Record<string, string>> } {
  const action = /<form[^>]*action="([^"]*)"/.exec(page.body)?.[1];
  if (action === undefined) throw new Error(`There is no form on ${page.url} (${page.status}):\n${page.body}`);
  const fields: Record<string, string> = {};
  for (const [input] of page.body.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name !== undefined) fields[unescapeHtml(name)] = unescapeHtml(/value="([^"]*)"/.exec(input)?.[1] ?? "");
  }
  return { action: new URL(unescapeHtml(action), page.url).href, fields };
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

/** A redirect is a GET without the body; headers of the test's own stay. */
function keptHeaders(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.delete("content-type");
  return { headers };
}
