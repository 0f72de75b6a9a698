import { describe, expect, it, vi } from "vitest";
import type { Lies } from "../../hostile-provider/lies.js";
import { startHostileApp } from "./hostile-app.js";

const alice = expect.stringContaining('"sub":"alice"');

/** The error that a sign-in with this lie ends in. */
async function refusal(lies: Lies): Promise<Error> {
  const app = await startHostileApp();
  app.provider.lie(lies);
  expect((await app.signIn()).status).toBe(400);
  expect(app.rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_ID_TOKEN_INVALID" })]);
  return app.rp.errors[0] as Error;
}

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));

describe("an ID token", () => {
  it.each(["at+jwt", "logout+jwt", "application/at+jwt", "Secevent+JWT"])("whose typ is %s is refused", async (typ) => {
    expect((await refusal({ header: (header) => ({ ...header, typ }) })).message).toContain("another kind of token");
  });

  it.each(["JWT", "jwt", undefined, "ID"])("whose typ is %s is taken", async (typ) => {
    const app = await startHostileApp();
    app.provider.lie({ header: (header) => ({ ...header, typ }) });
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("whose claims are nested without end is refused, before anything walks them", async () => {
    const { message } = await refusal({ claims: (claims) => ({ ...claims, x: nested(1_000) }) });
    expect(message).toContain("nested");
    const app = await startHostileApp();
    app.provider.lie({ claims: (claims) => ({ ...claims, x: nested(50) }) });
    expect((await app.signIn()).body).toEqual(alice);
  });

  it("with a critical extension is refused for it, and no algorithm is blamed", async () => {
    const { message } = await refusal({ header: (header) => ({ ...header, crit: ["b64"], b64: false }) });
    expect(message).toContain("crit");
    expect(message).not.toContain("tokenValidation.algorithms");
  });

  it.each(["ES256K", "RS1"])("of %s is refused, and no option is named that does not take it", async (alg) => {
    const { message } = await refusal({
      idToken: (token) => {
        const [, ...rest] = token.split(".");
        return [Buffer.from(JSON.stringify({ alg })).toString("base64url"), ...rest].join(".");
      },
    });
    expect(message).toContain(`(alg ${alg})`);
    expect(message).not.toContain("tokenValidation.algorithms");
  });

  it.each([
    ["exp", -59, true],
    ["exp", -60, false],
    ["nbf", 60, true],
    ["nbf", 61, false],
    ["iat", 60, true],
    ["iat", 61, false],
  ])("whose %s is %i s from the injected clock is taken: %s", async (name, offset, isTaken) => {
    const time = 1_900_000_000;
    const app = await startHostileApp({ now: () => time }, { now: () => time });
    app.provider.lie({ claims: (claims) => ({ ...claims, [name]: time + offset }) });
    await app.signIn();
    // Where in its second the system's clock stands must make no difference: here a rounded one would be ahead.
    await vi.waitUntil(() => Date.now() % 1_000 > 600 && Date.now() % 1_000 < 800, { timeout: 2_000, interval: 20 });
    expect((await app.signIn()).body.includes("alice")).toBe(isTaken);
  });
});
