import { mkdirSync } from "node:fs";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isChromiumMissing } from "../support/chromium.ts";
import { type Example, logIn, signedInPage, startExample } from "./example.ts";

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 } as const;
const PAGES = ["/", "/profile", "/messages", "/admin", "/api/nothing", "/signed-out"] as const;

describe.skipIf(isChromiumMissing())("the example's looks in a browser", () => {
  let example: Example;

  beforeAll(async () => {
    example = await startExample();
  });

  afterAll(() => example?.stop());

  /** For a look by eye: SCREENSHOTS=screenshots npx vitest run test/browser/appearance.test.ts */
  async function shoot(page: Page, name: string): Promise<void> {
    const folder = process.env["SCREENSHOTS"];
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: `${folder}/${name.replaceAll("/", "_")}.png`, fullPage: true });
  }

  it("needs no sideways scrolling on a phone", async () => {
    const context = await example.newContext(PHONE);
    const page = await context.newPage();
    await page.goto("/");
    await shoot(page, "phone-anonymous");
    await page.goto("/login");
    await shoot(page, "phone-provider");
    await logIn(page, "alice");
    await page.waitForURL(`${example.url}/`);
    for (const path of PAGES) {
      await page.goto(path);
      const widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      expect({ path, width: widths[0] }).toEqual({ path, width: 360 });
      expect(widths[1]).toBe(360);
      await shoot(page, `phone${path}`);
    }
  });

  it.each(["light", "dark"] as const)(
    "follows the %s colour scheme, with text that stands out",
    async (colorScheme) => {
      const context = await example.newContext({ colorScheme, viewport: { width: 1200, height: 800 } });
      const anonymous = await context.newPage();
      await anonymous.goto("/");
      await shoot(anonymous, `${colorScheme}-anonymous`);
      const page = await signedInPage(context, "alice");
      for (const path of PAGES) {
        await page.goto(path);
        const [text, ground] = await page.evaluate(() => {
          const style = getComputedStyle(document.body);
          return [style.color, style.backgroundColor] as const;
        });
        const isDark = luminance(ground) < luminance(text);
        expect({ path, isDark }).toEqual({ path, isDark: colorScheme === "dark" });
        // WCAG 2.2, 1.4.6 (AAA).
        expect(contrast(text, ground)).toBeGreaterThan(7);
        await shoot(page, `${colorScheme}${path}`);
      }
    },
  );

  it.each([
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(18, 18, 18)"],
  ] as const)(
    "shows the provider's fields and which has the focus in the %s colour scheme",
    async (colorScheme, ground) => {
      const page = await (await example.newContext({ colorScheme })).newPage();
      await page.goto("/login");
      const [outline, border] = await page.getByLabel("User name").evaluate((field) => {
        const style = getComputedStyle(field);
        return [style.outlineColor, style.borderTopColor] as const;
      });
      // WCAG 2.2, 1.4.11.
      expect(contrast(outline, ground)).toBeGreaterThan(3);
      expect(contrast(border, ground)).toBeGreaterThan(3);
    },
  );

  it("names every page, has one h1 on each, and reaches the content from the keyboard", async () => {
    const page = await signedInPage(await example.newContext(), "alice");
    const titles = new Set<string>();
    for (const path of PAGES) {
      await page.goto(path);
      titles.add(await page.title());
      expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    }
    expect(titles.size).toBe(PAGES.length);

    await page.goto("/profile");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(page.url()).toBe(`${example.url}/profile#content`);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("content");
  });

  it("sends a policy without inline styles and scripts, on errors too", async () => {
    const page = await (await example.newContext()).newPage();
    for (const path of ["/", "/nothing"]) {
      const headers = (await page.goto(path))?.headers() ?? {};
      expect(headers["content-security-policy"]).toBe(
        `default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ${example.idp.issuer}; base-uri 'none'; frame-ancestors 'none'`,
      );
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["x-powered-by"]).toBeUndefined();
    }
  });
});

/** WCAG 2.2: from 1, no difference, to 21. */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
