import { Browser, formOf, type SignInSettings } from "./browser.js";
import { CookieJar } from "./cookie-jar.js";

export interface ProviderSignInSettings extends SignInSettings {
  /** Cookies of the browser at the provider; with those of an earlier sign-in no login page comes. */
  readonly jar?: CookieJar;
}

/** How the provider sent the browser back to the client. */
export interface ProviderAnswer {
  /** The client's callback: with the parameters in the query or fragment, or bare for form_post. */
  readonly url: string;
  /** The parameters, wherever they stood. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The form that a browser would post, where the response mode is form_post. */
  readonly form?: { readonly action: string; readonly fields: Readonly<Record<string, string>> };
  readonly jar: CookieJar;
}

/**
 * Goes through the test provider's pages from an authorization URL, as a person's browser would, and stops where the
 * provider sends the browser back. The callback itself is not opened.
 *
 * @throws Error with the page's text where the provider keeps the browser, as after a wrong password
 */
export async function signInAtProvider(
  authorizationUrl: string | URL,
  { jar = new CookieJar(), username = "alice", password = "Abcd@1234", consent = "allow" }: ProviderSignInSettings = {},
): Promise<ProviderAnswer> {
  const start = String(authorizationUrl);
  const provider = new URL(start).origin;
  const browser = new Browser(jar);
  const isBack = (url: string) => new URL(url).origin !== provider;
  let page = await browser.open(start, {}, isBack);
  if (!isBack(page.url) && page.body.includes('name="password"')) {
    page = await browser.submit(page, { username, password, action: "login" }, isBack);
  }
  if (!isBack(page.url) && page.body.includes('value="allow"')) {
    page = await browser.submit(page, { action: consent }, isBack);
  }
  if (isBack(page.url)) {
    const { searchParams, hash } = new URL(page.url);
    const parameters = {
      ...Object.fromEntries(searchParams),
      ...Object.fromEntries(new URLSearchParams(hash.slice(1))),
    };
    return { url: page.url, parameters, jar };
  }
  const form = page.body.includes("<form") ? formOf(page) : undefined;
  if (form !== undefined && isBack(form.action)) return { url: form.action, parameters: form.fields, form, jar };
  throw new Error(`The provider did not come back: ${page.status} ${page.url}\n${page.body}`);
}
