import { expect } from "vitest";
import { accepts } from "../module.js";

accepts(
  "oidcc-client-test-rp-init-logout-no-state",
  {
    signedOut: (back) => {
      back.searchParams.delete("state");
      return back;
    },
  },
  { signedOutRedirectUri: "/who" },
  async ({ rp, browser }) => {
    const page = await browser.open(`${rp.url}/logout?returnUrl=/login`);
    expect([page.url, page.body]).toEqual([`${rp.url}/who`, "null"]);
  },
);
