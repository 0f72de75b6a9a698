import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing } from "../support/chromium.ts";
import { type Example, heading, logIn, signedInPage, startExample } from "./example.ts";

describe.skipIf(isChromiumMissing())("signing out with a browser", () => {
  let example: Example;

  beforeAll(async () => {
    example = await startExample();
  });

  afterAll(() => example?.stop());

  it("ends the session here and at the provider, so that the next sign-in asks for the password", async () => {
    const context = await example.newContext();
    const page = await signedInPage(context, "alice", "/profile");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${example.url}/signed-out`);
    expect(await heading(page)).toBe("You are signed out");
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(0);
    expect((await context.cookies(example.url)).filter(({ name }) => /^oidc/.test(name))).toEqual([]);

    await page.goto("/profile");
    expect(new URL(page.url()).origin).toBe(example.idp.issuer);
    await logIn(page, "bob");
    await page.waitForURL(`${example.url}/profile`);
    expect(await page.getByRole("main").textContent()).toContain("Bob Jones");
  });

  it("shows nothing of the user when the back button is pressed after a sign-out", async () => {
    const page = await signedInPage(await example.newContext(), "alice", "/profile");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${example.url}/signed-out`);
    for (let step = 0; step < 3; step++) {
      await page.goBack().catch(() => null);
      expect(await page.content()).not.toContain("alice@example.com");
    }
  });

  it("asks before a link on another site signs anyone out", async () => {
    const context = await example.newContext();
    const page = await signedInPage(context, "alice");
    const foreign = example.url.replace("localhost", "127.0.0.1");
    await context.route(`${foreign}/trap`, (route) =>
      route.fulfill({ contentType: "text/html", body: `<a href="${example.url}/logout">Win a prize</a>` }),
    );
    await page.goto(`${foreign}/trap`);
    await page.getByRole("link").click();
    expect(await heading(page)).toBe("Sign out?");

    const other = await context.newPage();
    await other.goto("/profile");
    expect(await heading(other)).toBe("Profile");

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${example.url}/signed-out`);
  });
});
