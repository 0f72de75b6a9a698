import { requireAuth, requireRole } from "add-openid-connect";
import { describe, expect, it } from "vitest";
import { Browser } from "../../support/browser.js";
import { useTestIdp } from "../../support/fixture.js";
import type { RelyingParty, RelyingPartySettings } from "../../support/relying-party.js";

const fixture = useTestIdp({
  users: [
    {
      username: "odd",
      password: "Abcd@1234",
      claims: {
        name: "Odd",
        "https://app.example/roles": ["auditor"],
        realm_access: { roles: ["r1"] },
        resource_access: { "shop.example": { roles: ["r2"] }, shop: { example: "no object" } },
        department: "hr",
      },
    },
  ],
});

const routes: NonNullable<RelyingPartySettings["routes"]> = (app) => {
  app.get("/user", requireAuth(), (req, res) => res.json({ ...req.user, isAdmin: req.user?.isInRole("admin") }));
  app.get("/auditor", requireRole("auditor"), (_req, res) => res.send("in"));
};

async function signedIn(
  options: RelyingPartySettings["options"],
  username = "odd",
): Promise<{ rp: RelyingParty; browser: Browser; user: Record<string, unknown> }> {
  const rp = await fixture.start({ options: options ?? {}, routes });
  const browser = new Browser();
  const page = await browser.signIn(`${rp.url}/user`, { username });
  return { rp, browser, user: page.status === 200 ? JSON.parse(page.body) : {} };
}

describe("a user", () => {
  it("has the provider's names, and roles from where the options say", async () => {
    for (const roleClaimType of ["https://app.example/roles", ["role", "https://app.example/roles"]]) {
      const { rp, browser, user } = await signedIn({ tokenValidation: { roleClaimType } });
      expect(user["roles"]).toEqual(["auditor"]);
      expect((await browser.request(`${rp.url}/auditor`)).body).toBe("in");
    }
    const { user } = await signedIn({
      tokenValidation: { roleClaimType: "realm_access.roles", nameClaimType: "department" },
    });
    expect([user["roles"], user["name"]]).toEqual([["r1"], "hr"]);
    const dotted = await signedIn({ tokenValidation: { roleClaimType: "resource_access.shop.example.roles" } });
    expect(dotted.user["roles"]).toEqual(["r2"]);
  });

  it("has the claims that claimActions make", async () => {
    const { user } = await signedIn({
      claimActions: (actions) => actions.mapJsonKey("dept", "department").deleteClaims("department", "realm_access"),
    });
    expect(user["claims"]).toMatchObject({ sub: "odd", dept: "hr" });
    expect(user["claims"]).not.toHaveProperty("department");
  });

  it("has the fields of mapUser, asked once per sign-in with the tokens that came", async () => {
    const asked: unknown[] = [];
    const { rp, browser, user } = await signedIn({
      mapUser: async (mapped, { tokens }) => {
        asked.push([mapped.sub, typeof tokens?.accessToken]);
        return { id: 42, tags: ["x"], isInRole: "no", __proto__: { evil: true } };
      },
    });
    expect(user).toMatchObject({ sub: "odd", id: 42, tags: ["x"], isAdmin: false });
    await browser.request(`${rp.url}/user`);
    expect(asked).toEqual([["odd", "string"]]);
  });

  it("that mapUser cannot make is an error, and nobody is signed in", async () => {
    for (const answer of [
      () => [1],
      () => "x",
      () => ({ n: 1n }),
      () => {
        throw new Error("database is down");
      },
    ]) {
      const { rp, browser } = await signedIn({ mapUser: answer as never });
      expect(rp.errors).toHaveLength(1);
      expect((await browser.fetch(`${rp.url}/user`)).status).toBe(401);
    }
  });

  it.each([
    ["at once", (fields: object) => fields],
    ["later", async (fields: object) => fields],
  ])("has what transformUser answers %s, at every request, and it is not kept", async (_when, answer) => {
    let count = 0;
    const { rp, browser, user } = await signedIn({
      transformUser: (_user, req) => answer({ seen: ++count, path: req.url, roles: ["admin"] }) as never,
    });
    expect(user).toMatchObject({ sub: "odd", path: "/user", isAdmin: true });
    const next = JSON.parse((await browser.request(`${rp.url}/user`)).body);
    expect(next.seen).toBe(Number(user["seen"]) + 1);
    const plain = await fixture.start({ routes });
    const kept = JSON.parse((await browser.request(`${plain.url}/user`)).body);
    expect(kept).not.toHaveProperty("seen");
    expect(kept.isAdmin).toBe(false);
  });

  it("whose transformation fails is the app's error, at once and later", async () => {
    for (const fail of [
      () => {
        throw new Error("mine");
      },
      () => Promise.reject(new Error("mine")),
    ]) {
      let isOn = false;
      const { rp, browser } = await signedIn({ transformUser: () => (isOn ? fail() : undefined) as never });
      isOn = true;
      expect((await browser.request(`${rp.url}/user`)).status).toBe(500);
      expect(rp.errors.at(-1)).toMatchObject({ message: "mine" });
    }
  });
});
