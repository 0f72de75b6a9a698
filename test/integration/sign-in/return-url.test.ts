import { requireAuth } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty } from "../../support/relying-party.js";

const fixture = useTestIdp();

async function landing(rp: RelyingParty, path: string): Promise<string> {
  const browser = new Browser();
  const callback = await browser.signInUpToCallback(rp.url + path);
  const page = await browser.request(callback);
  expect(page.status).toBe(302);
  return page.headers.get("location") ?? "";
}

describe("the return URL", () => {
  it("of the query is honoured on /login", async () => {
    const rp = await fixture.start();
    expect(await landing(rp, "/login?returnUrl=%2Fdeep%3Fa%3D1%26b%3Dx%2520y%23part")).toBe("/deep?a=1&b=x%20y#part");
  });

  it("of the query is ignored on any other path", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/private", requireAuth(), (_req, res) => res.send("in"));
      },
    });
    expect(await landing(rp, "/private?returnUrl=%2Fother")).toBe("/private?returnUrl=%2Fother");
  });

  it.each([
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%09/evil.example\r\nset-cookie:a=b",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\u2028//evil",
    "/..//evil.example",
    "/x/../.%2e//evil.example",
    " /x",
    "evil",
    "",
    "/login",
    "/logout",
    "/signin-oidc?code=1&state=2",
  ])("of the query falls back to / when it is %j", async (given) => {
    const rp = await fixture.start();
    const target = await landing(rp, `/login?returnUrl=${encodeURIComponent(given)}`);
    const url = new URL(target, "https://app.example");
    expect(url.origin).toBe("https://app.example");
    if (!given.startsWith("/%09") && !given.includes("\u2028")) expect(target).toBe("/");
  });

  it("given twice, or as an object, falls back to /", async () => {
    const rp = await fixture.start();
    expect(await landing(rp, "/login?returnUrl=/a&returnUrl=/b")).toBe("/");
    expect(await landing(rp, "/login?returnUrl[]=/a")).toBe("/");
  });

  it("that is very long falls back to its path, and the state stays below 1,000 characters", async () => {
    const rp = await fixture.start();
    const long = `/report?filter=${"x".repeat(4_000)}`;
    expect(await landing(rp, `/login?returnUrl=${encodeURIComponent(long)}`)).toBe("/report");
    const page = await new Browser().request(`${rp.url}/login?returnUrl=${encodeURIComponent(long)}`);
    const { searchParams } = new URL(page.headers.get("location") ?? "");
    expect(searchParams.get("state")?.length).toBeLessThanOrEqual(1_000);
  });

  it("of a hostile deep link falls back to /", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.use(requireAuth());
      },
    });
    expect(await landing(rp, "//evil.example/x")).toBe("/");
  });

  it("in code wins over the query, and may be absolute on the own origin", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/go", (req, _res, next) => {
          const target = String(req.headers["x-target"] ?? `http://${req.headers.host}/inside?x=1`);
          void req.oidc.challenge({ returnUrl: target }, next);
        });
      },
    });
    expect(await landing(rp, "/go?returnUrl=%2Felsewhere")).toBe("/inside?x=1");
  });

  it("in code that leads elsewhere is a configuration error", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/go", (req, _res, next) => void req.oidc.challenge({ returnUrl: "https://evil.example/" }, next));
      },
    });
    const page = await new Browser().request(`${rp.url}/go`);
    expect(page.status).toBe(500);
    expect(rp.errors[0]).toMatchObject({ code: "ERR_OIDC_INVALID_RETURN_URL" });
  });

  it("follows the name of returnUrlParameter", async () => {
    const rp = await fixture.start({ options: { returnUrlParameter: "next" } });
    expect(await landing(rp, "/login?next=%2Fa&returnUrl=%2Fb")).toBe("/a");
  });
});
