import { expect } from "vitest";
import type { Lies } from "../../hostile-provider/lies.js";
import { createPlan, type Refusal, type Seen } from "../module.js";

export const { accepts } = createPlan({}, { scope: ["openid", "offline_access"], saveTokens: true });

/** Another access token, as the app asks for it. */
export async function refresh({ rp, browser }: Seen): Promise<{ readonly status: number; readonly body: string }> {
  return browser.request(`${rp.url}/token`);
}

/** A refresh is refused with this error, nothing of it is kept, and without the lie it works. */
export function refusesRefresh(name: string, lies: Lies, [code, reason]: Refusal): void {
  accepts(name, {}, {}, async (seen) => {
    seen.provider.lie(lies);
    expect((await refresh(seen)).status).toBe(401);
    expect(seen.rp.errors).toEqual([expect.objectContaining({ code, message: expect.stringContaining(reason) })]);
  });
  accepts(`${name} (control)`, {}, {}, async (seen) => expect((await refresh(seen)).status).toBe(200));
}
