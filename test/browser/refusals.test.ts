import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing } from "../support/chromium.ts";
import { type Example, heading, logIn, signedInPage, startExample } from "./example.ts";

describe.skipIf(isChromiumMissing())("refusals in a browser", () => {
  let example: Example;

  beforeAll(async () => {
    example = await startExample({ oidc: { clientId: "consent_client" } });
  });

  afterAll(() => example?.stop());

  it("stays at the provider after a wrong password, and signs in with the right one", async () => {
    const page = await (await example.newContext()).newPage();
    await page.goto("/profile");
    await logIn(page, "alice", "wrong");
    expect(await page.getByRole("alert").textContent()).toContain("wrong");
    expect(new URL(page.url()).origin).toBe(example.idp.issuer);

    await logIn(page, "alice");
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(`${example.url}/profile`);
    expect(await heading(page)).toBe("Profile");
  });

  it("shows a denied consent as a 403 from which one can start again", async () => {
    const page = await (await example.newContext()).newPage();
    await page.goto("/profile?tab=2");
    await logIn(page, "alice");
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === "/signin-oidc");
    await page.getByRole("button", { name: "Deny" }).click();
    expect((await answered).status()).toBe(403);
    expect(await heading(page)).toBe("Access was not granted");
    expect(await page.getByRole("main").textContent()).toContain("ERR_OIDC_ACCESS_DENIED");

    await page.getByRole("link", { name: "Try again" }).click();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(`${example.url}/profile?tab=2`);
    expect(await heading(page)).toBe("Profile");
  });

  it("refuses bob the administration, without a new sign-in, and lets alice in", async () => {
    const context = await example.newContext();
    const page = await context.newPage();
    await page.goto("/profile");
    await logIn(page, "bob");
    await page.getByRole("button", { name: "Allow" }).click();
    await page.waitForURL(`${example.url}/profile`);

    const refused = await page.goto("/admin");
    expect(refused?.status()).toBe(403);
    expect(page.url()).toBe(`${example.url}/admin`);
    expect(await heading(page)).toBe("This page is not for you");
    expect(await page.getByRole("main").textContent()).toContain("Bob Jones");

    const other = await (await example.newContext()).newPage();
    await other.goto("/admin");
    await logIn(other, "alice");
    await other.getByRole("button", { name: "Allow" }).click();
    await other.waitForURL(`${example.url}/admin`);
    expect(await heading(other)).toBe("Administration");
  });

  it("has a page for what does not exist, with the address escaped", async () => {
    const page = await (await example.newContext()).newPage();
    const response = await page.goto("/%3Cb%3Enothing?<b>");
    expect(response?.status()).toBe(404);
    expect(await heading(page)).toBe("There is no such page");
    expect(await page.locator("main b").count()).toBe(0);
  });
});

describe.skipIf(isChromiumMissing())("servers that are down, in a browser", () => {
  let example: Example;

  beforeAll(async () => {
    example = await startExample();
  });

  afterAll(() => example?.stop());

  it("says that the message API is down, and keeps the user signed in", async () => {
    const page = await signedInPage(await example.newContext(), "alice");
    await example.stopMessageApi();
    const response = await page.goto("/messages");
    expect(response?.status()).toBe(503);
    expect(await heading(page)).toBe("The message API is not reachable");
    await page.goto("/");
    expect(await heading(page)).toBe("Hello, Alice Smith");
  });
});
