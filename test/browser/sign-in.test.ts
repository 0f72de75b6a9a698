import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing } from "../support/chromium.ts";
import { type Example, heading, logIn, signedInPage, startExample } from "./example.ts";

describe.skipIf(isChromiumMissing())("signing in with a browser", () => {
  let example: Example;

  beforeAll(async () => {
    example = await startExample();
  });

  afterAll(() => example?.stop());

  it("signs in by a click and shows the claims", async () => {
    const page = await (await example.newContext()).newPage();
    await page.goto("/");
    expect(await heading(page)).toBe("Welcome, stranger");

    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/`);
    expect(await heading(page)).toBe("Hello, Alice Smith");

    await page.getByRole("navigation").getByRole("link", { name: "Profile" }).click();
    const row = (name: string) => page.getByRole("row", { name: new RegExp(`^${name}\\b`) });
    expect(await row("email").first().textContent()).toContain("alice@example.com");
    expect(await row("sub").textContent()).toContain("alice");
    expect(await row("Scopes granted").textContent()).toContain("api1");
    expect(await row("Access token ends").textContent()).toContain("UTC");
    expect(await row("Session ends").textContent()).toContain("UTC");
    expect(await page.content()).not.toContain("eyJ");
  });

  it("keeps the query of a deep link", async () => {
    const page = await (await example.newContext()).newPage();
    await page.goto("/profile?tab=a%20b&x=1");
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/profile?tab=a%20b&x=1`);
    expect(await heading(page)).toBe("Profile");
  });

  it("finishes the sign-in of four tabs that were opened at the same moment", async () => {
    const context = await example.newContext();
    const tabs = await Promise.all(["a", "b", "c", "d"].map(async (name) => ({ name, page: await context.newPage() })));
    await Promise.all(tabs.map(({ name, page }) => page.goto(`/profile?tab=${name}`)));
    // All four stand at the login page now, each with a transaction of its own.
    for (const { name, page } of tabs) {
      await logIn(page, "alice");
      await page.waitForURL(`${example.url}/profile?tab=${name}`);
      expect(await heading(page)).toBe("Profile");
    }
  });

  it("finishes four tabs at the same moment while the provider's session is still there", async () => {
    const context = await example.newContext();
    await signedInPage(context, "alice");
    await context.clearCookies({ name: /^oidc/ });
    const tabs = await Promise.all(["a", "b", "c", "d"].map(async (name) => ({ name, page: await context.newPage() })));
    await Promise.all(
      tabs.map(async ({ name, page }) => {
        await page.goto(`/profile?tab=${name}`);
        expect(page.url()).toBe(`${example.url}/profile?tab=${name}`);
        expect(await heading(page)).toBe("Profile");
      }),
    );
  });

  it("shows no error when the back button or the address bar leads to the callback again", async () => {
    const context = await example.newContext();
    const page = await context.newPage();
    const callbacks: string[] = [];
    page.on("request", (request) => {
      if (new URL(request.url()).pathname === "/signin-oidc") callbacks.push(request.url());
    });
    await page.goto("/");
    await page.goto("/profile?tab=1");
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/profile?tab=1`);
    expect(callbacks).toHaveLength(1);

    await page.goto(callbacks[0] ?? "");
    expect(page.url()).toBe(`${example.url}/profile?tab=1`);
    expect(await heading(page)).toBe("Profile");

    // Back through the provider's pages, whatever they say, to the app's first page.
    for (let step = 0; step < 6 && page.url() !== `${example.url}/`; step++) {
      await page.goBack();
      if (page.url().startsWith(example.url)) expect(await heading(page)).not.toContain("did not work");
    }
    expect(page.url()).toBe(`${example.url}/`);
    expect(await heading(page)).toBe("Hello, Alice Smith");
  });

  it("offers a new sign-in when a used callback comes back without its session", async () => {
    const context = await example.newContext();
    const page = await context.newPage();
    let callback = "";
    page.on("request", (request) => {
      if (new URL(request.url()).pathname === "/signin-oidc") callback = request.url();
    });
    await page.goto("/profile");
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/profile`);
    await context.clearCookies({ name: "oidc" });

    const response = await page.goto(callback);
    expect(response?.status()).toBe(400);
    await page.getByRole("link", { name: "Try again" }).click();
    await page.waitForURL((url) => url.origin === example.url && url.pathname !== "/login");
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(1);
  });

  it("answers a script without a session with a 401 problem, and one with a session with JSON", async () => {
    const context = await example.newContext();
    const page = await context.newPage();
    // Of the app's origin, but without its policy, which lets no page fetch.
    await page.route("**/blank", (route) => route.fulfill({ contentType: "text/html", body: "" }));
    await page.goto("/blank");
    const ask = () =>
      page.evaluate(async () => {
        const response = await fetch("/api/me");
        return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
      });
    const anonymous = await ask();
    expect(anonymous).toMatchObject({ status: 401, body: { status: 401, loginUrl: expect.any(String) } });
    expect(anonymous.type).toContain("application/problem+json");

    await signedInPage(context, "bob");
    expect(await ask()).toMatchObject({ status: 200, body: { sub: "bob", name: "Bob Jones", roles: ["user"] } });
  });

  it("calls the message API with the access token", async () => {
    const page = await (await example.newContext()).newPage();
    await page.goto("/messages");
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/messages`);
    expect(await page.getByRole("main").textContent()).toContain("Your access token was issued for me");
  });
});
