import { createTestIdp, type TestIdp } from "add-openid-connect/testing";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing, launchChromium } from "../support/chromium.ts";
import { type RelyingParty, startRelyingParty } from "../support/relying-party.ts";
import { logIn } from "./example.ts";

describe.skipIf(isChromiumMissing())('redirectBehavior "form_post" in a browser', () => {
  let idp: TestIdp | undefined;
  let rp: RelyingParty | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    // Off by default there, and only to be had with a session cookie that browsers refuse over http: a sign-in ends
    // well without it, the provider's own sign-out page does not.
    const cookies = { keys: ["a-key-of-the-test-provider"], long: { sameSite: "none", signed: true } };
    idp = await createTestIdp({ extra: { enableHttpPostMethods: true, cookies } });
    rp = await startRelyingParty(idp, {
      options: { redirectBehavior: "form_post" },
      routes: (app) => {
        app.get("/", (req, res) => res.send(`<p>${req.user?.sub ?? "nobody"}</p><a href="/logout">Sign out</a>`));
      },
    });
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser?.close();
    await rp?.stop();
    await idp?.stop();
  });

  const newPage = async (javaScriptEnabled: boolean) =>
    (await browser?.newContext({ javaScriptEnabled, baseURL: rp?.url ?? "" }))?.newPage();

  it("goes to the provider and back by itself, and to its sign-out, under its own policy", async () => {
    const page = await newPage(true);
    if (page === undefined) throw new Error("There is no page.");
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) complaints.push(message.text());
    });
    await page.goto("/login?returnUrl=/");
    await page.waitForURL((url) => url.origin === idp?.issuer);
    await logIn(page, "alice");
    await page.waitForURL(`${rp?.url}/`);
    expect(await page.textContent("p")).toBe("alice");
    const posted = page.waitForRequest((request) => request.url() === `${idp?.issuer}/connect/endsession`);
    await page.getByRole("link", { name: "Sign out" }).click();
    expect((await posted).method()).toBe("POST");
    expect((await posted).postData()).toContain("post_logout_redirect_uri=");
    expect(complaints).toEqual([]);
  });

  it("goes there by its button where scripts are off", async () => {
    const page = await newPage(false);
    if (page === undefined) throw new Error("There is no page.");
    await page.goto("/login?returnUrl=/");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL((url) => url.origin === idp?.issuer);
    await logIn(page, "alice");
    await page.waitForURL(`${rp?.url}/`);
    expect(await page.textContent("p")).toBe("alice");
  });
});
