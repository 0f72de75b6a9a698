import type { AddOpenIdConnectOptions } from "add-openid-connect";
import { afterEach, describe, expect, it } from "vitest";
import { CLIENT, startHostileProvider } from "../../hostile-provider/hostile-provider.js";
import type { Lies } from "../../hostile-provider/lies.js";
import { Browser } from "../../support/browser.js";
import { type RelyingParty, startRelyingParty } from "../../support/relying-party.js";

let running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop()));
  running = [];
});

interface Outcome {
  readonly rp: RelyingParty;
  /** `null` when nobody is signed in. */
  readonly claims: Record<string, unknown> | null;
  readonly login: Record<string, unknown> | null;
}

async function signIn(lies: Lies, options: AddOpenIdConnectOptions = {}): Promise<Outcome> {
  const provider = await startHostileProvider();
  provider.lie(lies);
  const rp = await startRelyingParty(provider, {
    options: { ...CLIENT, getClaimsFromUserInfoEndpoint: true, ...options },
    routes: (app) => {
      app.get("/who", (req, res) => res.json({ claims: req.user?.claims ?? null, user: req.user ?? null }));
    },
  });
  running.push(provider, rp);
  const browser = new Browser();
  await browser.signIn(`${rp.url}/login?returnUrl=/who`);
  const { claims, user } = JSON.parse((await browser.request(`${rp.url}/who`)).body);
  return { rp, claims, login: user };
}

const said = (more: object): Lies => ({ userInfo: (claims) => ({ ...claims, ...more }) });

describe("claims of userinfo", () => {
  it("join those of the ID token, which win", async () => {
    const { claims } = await signIn(said({ name: "Another", nickname: "Al" }));
    expect(claims).toMatchObject({ sub: "alice", name: "Alice", nickname: "Al", email: "a@example.com" });
  });

  it("are not asked for unless the options say so", async () => {
    const { claims } = await signIn(said({ nickname: "Al" }), { getClaimsFromUserInfoEndpoint: false });
    expect(claims).toMatchObject({ sub: "alice", name: "Alice" });
    expect(claims).not.toHaveProperty("nickname");
  });

  it("stay as they came: lists, objects, empty texts, false and null", async () => {
    const odd = {
      groups: ["b", "a", "b"],
      address: { country: "NZ" },
      zoneinfo: "",
      email_verified: false,
      gone: null,
    };
    expect((await signIn(said(odd))).claims).toMatchObject(odd);
  });

  it("are under their raw names, none renamed", async () => {
    const { claims } = await signIn(said({ given_name: "A", "http://schemas.example/role": "x" }));
    expect(claims).toMatchObject({ given_name: "A", "http://schemas.example/role": "x" });
    expect(Object.keys(claims ?? {}).filter((name) => name.includes("xmlsoap"))).toEqual([]);
  });

  it("that say what the ID token says are there once", async () => {
    const { claims } = await signIn(said({ name: "Alice", role: ["admin"] }), {
      claimActions: (actions) => actions.mapJsonKey("role", "role").mapUniqueJsonKey("name", "nickname"),
    });
    expect(claims).toMatchObject({ name: "Alice", role: ["admin"] });
  });

  it("are what claimActions see, and deletions count without userinfo too", async () => {
    const claimActions: AddOpenIdConnectOptions["claimActions"] = (actions) =>
      actions.mapJsonSubKey("country", "address", "country").deleteClaims("address", "name");
    const { claims } = await signIn(said({ address: { country: "NZ" } }), { claimActions });
    expect(claims).toMatchObject({ sub: "alice", country: "NZ" });
    expect(claims).not.toHaveProperty("address");
    const without = await signIn({}, { claimActions, getClaimsFromUserInfoEndpoint: false });
    expect(without.claims).not.toHaveProperty("name");
  });

  it("give name and roles, by path and by a name with dots in it", async () => {
    const keycloak = await signIn(said({ realm_access: { roles: ["r1", "r2"] } }), {
      tokenValidation: { roleClaimType: "realm_access.roles" },
    });
    expect(keycloak.login).toMatchObject({ roles: ["r1", "r2"] });
    const auth0 = await signIn(said({ "https://x.example/roles": "editor", "https://x.example/name": "Ally" }), {
      tokenValidation: { roleClaimType: "https://x.example/roles", nameClaimType: "https://x.example/name" },
    });
    expect(auth0.login).toMatchObject({ roles: ["editor"], name: "Ally" });
  });

  it.each<[string, Lies]>([
    ["of another user", said({ sub: "mallory" })],
    ["without sub", said({ sub: undefined })],
    ["that are a list", { userInfo: () => [] }],
    ["that are a text", { userInfo: () => "alice" }],
  ])("%s are refused, and nobody is signed in", async (_name, lies) => {
    const { rp, claims } = await signIn(lies);
    expect(claims).toBe(null);
    expect(rp.errors).toEqual([expect.objectContaining({ code: "ERR_OIDC_USERINFO_FAILED" })]);
  });

  it("cannot be taken for members of every object", async () => {
    const { claims, rp } = await signIn({
      userInfo: () => JSON.parse('{"sub":"alice","__proto__":{"sub":"mallory"},"constructor":"x"}'),
    });
    expect([claims?.["sub"], claims?.["constructor"], rp.errors]).toEqual(["alice", "x", []]);
  });
});

describe("claimActions", () => {
  it("that take sub away are an error that says so, and nobody is signed in", async () => {
    const { rp, claims } = await signIn({}, { claimActions: (actions) => actions.deleteClaim("sub") });
    expect(claims).toBe(null);
    expect(rp.errors).toEqual([
      expect.objectContaining({ code: "ERR_OIDC_INVALID_USER", message: expect.stringContaining("claimActions") }),
    ]);
  });

  it("that throw are an error of the sign-in, and nobody is signed in", async () => {
    const { rp, claims } = await signIn(
      {},
      {
        claimActions: (actions) =>
          actions.mapCustomJson("x", () => {
            throw new Error("mine");
          }),
      },
    );
    expect([claims, rp.errors]).toEqual([null, [expect.objectContaining({ message: "mine" })]]);
  });
});
