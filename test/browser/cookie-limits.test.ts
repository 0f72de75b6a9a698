import { randomBytes } from "node:crypto";
import type { Response } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing } from "../support/chromium.ts";
import { type Example, heading, PASSWORD, signedInPage, startExample } from "./example.ts";

/** RFC 6265 6.1: name, value and attributes; browsers drop a larger cookie without a word. */
const MAX_COOKIE_BYTES = 4096;

/** 6,000 characters that no compression makes smaller, as an encrypted token is. */
const RANDOM_TEXT = randomBytes(4_500).toString("base64url");

describe.skipIf(isChromiumMissing())("large tokens in a browser", () => {
  let example: Example;
  const tokenSizes: number[] = [];

  beforeAll(async () => {
    example = await startExample({
      idp: {
        users: [{ username: "dora", password: PASSWORD, claims: { name: "Dora Large", role: "user" } }],
      },
      oidc: {
        // A provider that puts much into its access tokens.
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          if (!String(input).endsWith("/connect/token")) return response;
          const body = (await response.json()) as { access_token: string };
          const enlarged = { ...body, access_token: body.access_token + RANDOM_TEXT.slice(body.access_token.length) };
          tokenSizes.push(enlarged.access_token.length);
          return Response.json(enlarged, { status: response.status });
        },
      },
    });
  });

  afterAll(() => example?.stop());

  it("keeps a token of 6,000 characters in chunks that each fit into a cookie", async () => {
    const context = await example.newContext();
    const answers: Promise<string[]>[] = [];
    const collect = (response: Response) => {
      if (response.url().startsWith(example.url)) answers.push(setCookiesOf(response));
    };
    context.on("response", collect);
    const page = await signedInPage(context, "dora", "/profile");
    expect(tokenSizes).toEqual([6_000]);
    expect(await heading(page)).toBe("Profile");
    await page.reload();
    expect(await page.getByRole("main").textContent()).toContain("Dora Large");

    // What is asked of a response after the browser has gone fails.
    context.off("response", collect);
    const setCookies = (await Promise.all(answers)).flat();
    const chunks = (await context.cookies(example.url)).filter(({ name }) => /^oidc(\D?\d+)?$/.test(name));
    expect(chunks.length).toBeGreaterThan(1);
    const total = chunks.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
    expect(total).toBeGreaterThan(6_000);
    expect(setCookies.length).toBeGreaterThanOrEqual(chunks.length);
    for (const cookie of setCookies) expect(Buffer.byteLength(cookie)).toBeLessThanOrEqual(MAX_COOKIE_BYTES);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${example.url}/signed-out`);
    expect((await context.cookies(example.url)).filter(({ name }) => /^oidc/.test(name))).toEqual([]);
  });
});

async function setCookiesOf(response: Response): Promise<string[]> {
  const headers = await response.headersArray();
  return headers.filter(({ name }) => name.toLowerCase() === "set-cookie").flatMap(({ value }) => value.split("\n"));
}
