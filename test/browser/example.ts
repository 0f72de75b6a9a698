import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { createTestIdp, type TestIdp, type TestIdpOptions } from "add-openid-connect/testing";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { createApp } from "../../example-app/src/create-app.ts";
import { createMessageApi } from "../../example-app/src/message-api.ts";
import { serve } from "../../example-app/src/serve.ts";
import { launchChromium } from "../support/chromium.ts";

export const PASSWORD = "Abcd@1234";

export interface ExampleOptions {
  readonly idp?: TestIdpOptions;
  readonly oidc?: AddOpenIdConnectOptions;
}

/** The example app as `npm start` runs it, and a browser. */
export interface Example {
  readonly url: string;
  readonly idp: TestIdp;
  /** A browser of its own: no cookies, nothing cached. What a page's policy blocks, and script errors, fail `stop`. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  stopMessageApi(): Promise<void>;
  stop(): Promise<void>;
}

export async function startExample({ idp: idpOptions, oidc }: ExampleOptions = {}): Promise<Example> {
  const idp = await createTestIdp(idpOptions);
  const api = await serve(createMessageApi({ issuer: idp.issuer, audience: "api1" }), 0);
  const app = await serve(
    createApp({
      oidc: {
        authority: idp.issuer,
        requireHttpsMetadata: false,
        clientId: "pkce_client",
        clientSecret: "secret",
        scope: ["openid", "profile", "email", "roles", "api1"],
        saveTokens: true,
        session: { secret: "b7L0hVq2mYx8Kd4RzT6wNc1PfJ9sGu3E" },
        ...oidc,
      },
      messageApiUrl: api.url,
    }),
    0,
  );
  const browser: Browser = await launchChromium();
  const complaints: string[] = [];
  return {
    url: app.url,
    idp,
    async newContext(options = {}) {
      const context = await browser.newContext({ baseURL: app.url, ...options });
      context.setDefaultTimeout(10_000);
      context.on("weberror", (error) => complaints.push(String(error.error())));
      context.on("console", (message) => {
        // A blocked style, script, image or form shows up here and nowhere else.
        if (message.text().includes("Content Security Policy")) complaints.push(message.text());
      });
      return context;
    },
    stopMessageApi: () => api.close(),
    async stop() {
      await browser.close();
      await Promise.all([app.close(), api.close(), idp.stop()]);
      if (complaints.length > 0) throw new Error(`The browser complained:\n${complaints.join("\n")}`);
    },
  };
}

/** Fills in the provider's login page, which `page` must be at. */
export async function logIn(page: Page, username: string, password: string = PASSWORD): Promise<void> {
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** A page at `path`, signed in. */
export async function signedInPage(context: BrowserContext, username: string, path = "/"): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`/login?returnUrl=${encodeURIComponent(path)}`);
  await logIn(page, username);
  await page.waitForURL((url) => url.pathname === path);
  return page;
}

export async function heading(page: Page): Promise<string> {
  return (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
}
