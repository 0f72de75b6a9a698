import {
  addOpenIdConnect,
  authorize,
  loginErrorPage,
  requireAuth,
  requireClaim,
  requireRole,
  requireScope,
} from "add-openid-connect";
import express, { type RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp();

const guards: Readonly<Record<string, RequestHandler>> = {
  auth: requireAuth(),
  admin: requireRole("admin"),
  either: requireRole("nobody", "user"),
  email: requireClaim("email"),
  alice: requireClaim("email", "x@example.com", "alice@example.com"),
  api: requireScope("api1", "openid"),
  offline: requireScope("api1", "offline_access"),
  predicate: authorize(({ user }) => user.sub === "alice"),
  promised: authorize(async ({ user, req }) => req.path === "/promised" && user.isInRole("admin")),
  truthy: authorize((() => "yes") as never),
  throwing: authorize(() => {
    throw new Error("the app's own");
  }),
};

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/", (_req, res) => res.send("public"));
  for (const [name, guard] of Object.entries(guards)) app.all(`/${name}`, guard, (_req, res) => res.send("passed"));
};

const options = { scope: "openid profile email roles api1" };

describe("a request that needs no one", () => {
  it("passes untouched, without a cookie", async () => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(rp.url);
    expect([page.status, page.body, page.setCookies]).toEqual([200, "public", []]);
    expect(page.headers.get("cache-control")).toBe(null);
  });
});

describe("nobody at a guard", () => {
  it.each(Object.keys(guards))("of %s is asked to sign in", async (name) => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/${name}`);
    expect(page.status).toBe(302);
    expect(page.headers.get("location")).toContain("/connect/authorize?");
  });

  it.each<[string, RequestInit]>([
    ["a script's fetch", { headers: { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" } }],
    ["an image", { headers: { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" } }],
    ["a frame", { headers: { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" } }],
    ["a prefetch", { headers: { "sec-purpose": "prefetch" } }],
    ["a prerender", { headers: { "sec-purpose": "prefetch;prerender" } }],
    ["a prefetch of an older Firefox", { headers: { "x-moz": "prefetch" } }],
    ["a POST", { method: "POST", headers: { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } }],
    ["a HEAD", { method: "HEAD" }],
    [
      "an API client without Fetch Metadata",
      { headers: { "sec-fetch-mode": "", "sec-fetch-dest": "", "sec-fetch-site": "", accept: "application/json" } },
    ],
    [
      "XMLHttpRequest of an old browser",
      {
        headers: {
          "sec-fetch-mode": "",
          "sec-fetch-dest": "",
          "sec-fetch-site": "",
          "x-requested-with": "XMLHttpRequest",
        },
      },
    ],
  ])("who is %s gets 401 as a problem, no redirect and no cookie", async (_name, init) => {
    const rp = await fixture.start({ routes });
    const page = await new Browser().request(`${rp.url}/auth`, init);
    expect(page.status).toBe(401);
    expect(page.headers.get("location")).toBe(null);
    expect(page.setCookies).toEqual([]);
    expect(page.headers.get("content-type")).toContain("application/problem+json");
    if (init.method !== "HEAD") {
      expect(JSON.parse(page.body)).toEqual({
        title: "Sign-in required",
        status: 401,
        code: "ERR_OIDC_UNAUTHENTICATED",
        loginUrl: "/login",
      });
    }
  });

  it("in a browser without Fetch Metadata is redirected when it asks for HTML", async () => {
    const rp = await fixture.start({ routes });
    const headers = { "sec-fetch-mode": "", "sec-fetch-dest": "", "sec-fetch-site": "" };
    expect((await new Browser().request(`${rp.url}/auth`, { headers })).status).toBe(302);
    const shouting = { ...headers, accept: "TEXT/HTML" };
    expect((await new Browser().request(`${rp.url}/auth`, { headers: shouting })).status).toBe(302);
  });

  it("is told nothing by OPTIONS, method overrides or path variants", async () => {
    const rp = await fixture.start({ routes });
    for (const path of ["/auth", "/auth/", "/AUTH", "/auth?x=1", "/auth;x", "//auth", "/%61uth"]) {
      for (const method of ["GET", "OPTIONS", "PUT"]) {
        const headers = { "x-http-method-override": "GET", "x-original-url": "/", "x-user": "alice" };
        expect((await new Browser().request(rp.url + path, { method, headers })).body).not.toContain("passed");
      }
    }
  });
});

describe("someone at a guard", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["alice", "auth", true],
    ["alice", "admin", true],
    ["alice", "either", true],
    ["alice", "email", true],
    ["alice", "alice", true],
    ["alice", "api", true],
    ["alice", "offline", false],
    ["alice", "predicate", true],
    ["alice", "promised", true],
    ["alice", "truthy", false],
    ["bob", "auth", true],
    ["bob", "admin", false],
    ["bob", "either", true],
    ["bob", "alice", false],
    ["bob", "predicate", false],
    ["bob", "promised", false],
  ];

  it.each(cases)("%s at %s: passes is %s; a refusal is 403 and never a new sign-in", async (username, name, passes) => {
    const rp = await fixture.start({ routes, options });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login`, { username });
    const page = await browser.request(`${rp.url}/${name}`);
    if (passes) expect([page.status, page.body]).toEqual([200, "passed"]);
    else {
      expect(page.status).toBe(403);
      expect(page.headers.get("location")).toBe(null);
      expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_FORBIDDEN", status: 403 });
      const script = await browser.fetch(`${rp.url}/${name}`);
      expect([script.status, JSON.parse(script.body)]).toEqual([
        403,
        { title: "Forbidden", status: 403, code: "ERR_OIDC_FORBIDDEN" },
      ]);
    }
  });

  it("whose predicate throws is the app's error", async () => {
    const rp = await fixture.start({ routes, options });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login`);
    expect((await browser.request(`${rp.url}/throwing`)).status).toBe(500);
    expect(rp.errors.at(-1)).toMatchObject({ message: "the app's own" });
  });

  it("is refused by the app's own forbid() and challenged by its own challenge()", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/forbid", (req, _res, next) => void req.oidc.forbid(next));
        app.get("/challenge", (req, _res, next) => void req.oidc.challenge({ prompt: "login" }, next));
      },
    });
    const browser = new Browser();
    await browser.signIn(`${rp.url}/login`);
    expect((await browser.request(`${rp.url}/forbid`)).status).toBe(403);
    const page = await browser.request(`${rp.url}/challenge`);
    expect(new URL(page.headers.get("location") ?? "").searchParams.get("prompt")).toBe("login");
  });
});

describe("a guard that cannot work", () => {
  async function ask(mount: (app: express.Express) => void): Promise<unknown> {
    const app = express();
    const errors: unknown[] = [];
    mount(app);
    app.use(((error, _req, res, _next) => {
      errors.push(error);
      res.status(500).end();
    }) as express.ErrorRequestHandler);
    const server = app.listen(0);
    const { port } = server.address() as { port: number };
    const page = await new Browser().request(`http://localhost:${port}/x`);
    server.close();
    expect(page.status).toBe(500);
    return errors[0];
  }

  it("without the middleware says what to mount, and where", async () => {
    const error = await ask((app) => app.get("/x", requireRole("admin"), (_req, res) => res.send("never")));
    expect(error).toMatchObject({ code: "ERR_OIDC_MIDDLEWARE_MISSING" });
    expect(String(error)).toContain("app.use(addOpenIdConnect(");
    expect(String(error)).toContain("GET /x");
  });

  it.each([
    ["requireAuth", requireAuth],
    ["requireRole", requireRole],
    ["requireClaim", requireClaim],
    ["requireScope", requireScope],
    ["authorize", authorize],
    ["addOpenIdConnect", addOpenIdConnect],
    ["loginErrorPage", loginErrorPage],
  ])("%s without its call parentheses says so, and lets nobody pass", async (name, guard) => {
    const error = await ask((app) =>
      app.get("/x", guard as unknown as RequestHandler, (_req, res) => res.send("never")),
    );
    expect(error).toMatchObject({ code: "ERR_OIDC_GUARD_MISUSED" });
    expect(String(error)).toContain(`${name}(`);
  });

  it("with an argument that it does not know throws, instead of letting pass what was to be refused", () => {
    expect(() => requireAuth({ maxAge: 300 } as never)).toThrow(
      expect.objectContaining({ code: "ERR_OIDC_GUARD_MISUSED" }),
    );
  });

  it("without a role, claim, scope or function throws where it is defined", () => {
    for (const define of [
      () => requireRole(),
      () => requireRole(""),
      () => requireScope(),
      () => requireClaim(undefined as never),
      () => authorize("unknown" as never),
      // What is ignored would look like a rule, and be none.
      () => requireAuth("admin" as never),
      () => requireAuth({ maxAge: 300 } as never),
      () => authorize(() => true, "admin" as never),
      () => requireClaim("dept", ["hr", "it"]),
      () => requireClaim("address", { country: "de" }),
    ]) {
      expect(define).toThrow(expect.objectContaining({ code: "ERR_OIDC_GUARD_MISUSED" }));
    }
  });

  it("of an unknown scheme is a configuration error", async () => {
    const rp = await fixture.start({
      routes: (app) => {
        app.get("/in", (req, _res, next) => void req.oidc.challenge({ scheme: "partner" }, next));
        app.get("/out", (req, _res, next) => void req.oidc.signOut({ scheme: "partner" }, next));
      },
    });
    for (const path of ["/in", "/out"]) {
      expect((await new Browser().request(rp.url + path)).status).toBe(500);
      expect(rp.errors.at(-1)).toMatchObject({ code: "ERR_OIDC_UNKNOWN_SCHEME" });
      expect(String(rp.errors.at(-1))).toContain('"partner"');
    }
  });
});

describe("loginErrorPage", () => {
  it("lets errors of others pass", async () => {
    const app = express();
    app.get("/x", () => {
      throw Object.assign(new Error("mine"), { status: 418 });
    });
    app.use(loginErrorPage());
    const server = app.listen(0);
    const { port } = server.address() as { port: number };
    expect((await new Browser().request(`http://localhost:${port}/x`)).status).toBe(418);
    server.close();
  });

  it("tells developers all, and users of a production app what helps them", async () => {
    const make = (env: string) => {
      const app = express();
      app.set("env", env);
      app.use(
        addOpenIdConnect({
          authority: "http://127.0.0.1:1",
          requireHttpsMetadata: false,
          clientId: "a",
          session: { secret: "0123456789abcdefghijklmnopqrstuv" },
        }),
      );
      app.use(loginErrorPage());
      return app.listen(0);
    };
    for (const env of ["development", "production"]) {
      const server = make(env);
      const { port } = server.address() as { port: number };
      const page = await new Browser().request(`http://localhost:${port}/login`);
      server.close();
      expect(page.status).toBe(503);
      expect(page.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(page.body).toContain("ERR_OIDC_PROVIDER_UNREACHABLE");
      expect(page.body.includes("127.0.0.1")).toBe(env === "development");
    }
  });
});
