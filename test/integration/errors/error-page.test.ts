import { requireAuth } from "add-openid-connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Browser } from "../../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../../support/relying-party.js";

let running: RelyingParty | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await running?.stop();
});

describe("loginErrorPage", () => {
  it.each([
    ["production", 1],
    ["development", 1],
    ["test", 0],
  ])("tells the operator on stderr what only they can act on: in %s %i times", async (env, times) => {
    const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
    running = await startRelyingParty(
      // Nothing listens on this port.
      { issuer: "http://127.0.0.1:9" },
      { routes: (app) => void app.get("/private", requireAuth(), (_req, res) => void res.send("in")) },
    );
    running.app.set("env", env);
    const page = await new Browser().request(`${running.url}/private`);
    expect(page.status).toBe(503);
    expect(page.body.includes("127.0.0.1")).toBe(env !== "production");
    expect(told).toHaveBeenCalledTimes(times);
    if (times > 0) expect(String(told.mock.calls[0])).toContain("http://127.0.0.1:9/.well-known/openid-configuration");
    // What a visitor does wrong is theirs.
    expect((await new Browser().request(`${running.url}/signin-oidc`)).status).toBe(400);
    expect(told).toHaveBeenCalledTimes(times);
  });
});
