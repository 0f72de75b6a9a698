import { type Browser, formOf, type Page, type SignInSettings } from "./browser.js";

/** The form that the provider's page would post to the callback. */
export interface PostedAnswer {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Logs in, and stops at the page whose form would go to the callback. */
export async function postedAnswer(
  browser: Browser,
  url: string,
  { username = "alice", password = "Abcd@1234" }: SignInSettings = {},
): Promise<PostedAnswer> {
  let page = await browser.open(url);
  if (page.body.includes('name="password"')) {
    page = await browser.submit(page, { username, password, action: "login" });
  }
  return formOf(page);
}

/** Posts the answer as the provider's page does: from another site. */
export function post(browser: Browser, action: string, fields: Readonly<Record<string, string>>): Promise<Page> {
  return browser.request(action, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" },
    body: new URLSearchParams(fields),
  });
}
