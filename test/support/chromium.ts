import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const CHROMIUM_PATH = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";

/**
 * Whether there is no browser, so that the browser tests are skipped. Under CI=true a missing browser is an error: there
 * skipped tests would look like passed ones.
 */
export function isChromiumMissing(): boolean {
  if (existsSync(CHROMIUM_PATH)) return false;
  const help = `There is no Chromium at ${CHROMIUM_PATH}: apt-get install chromium, or set CHROMIUM_PATH.`;
  if (process.env["CI"] === "true") throw new Error(help);
  console.warn(`\n*** The browser tests are skipped. ${help} ***\n`);
  return true;
}

/** A browser without a window. Each test takes a context of its own from it: own cookies, own cache. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM_PATH,
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
