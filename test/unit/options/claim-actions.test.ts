import { ClaimActions } from "add-openid-connect";
import { describe, expect, it } from "vitest";

const said = {
  iss: "https://a",
  nonce: "n",
  sub: "alice",
  name: "Alice",
  empty: "",
  list: ["a", "b"],
  department: "hr",
  address: { country: "NZ" },
};

const run = (configure: (actions: ClaimActions) => unknown, claims: Record<string, never> | typeof said = said) => {
  const actions = new ClaimActions();
  configure(actions);
  return actions.run(claims);
};

describe("claim actions", () => {
  it("keep everything but what speaks of the token; lists and empty texts too", () => {
    const { iss: _iss, nonce: _nonce, ...rest } = said;
    expect(run(() => undefined)).toEqual(rest);
  });

  it("map a key, a key inside of an object, and a value of the app's own", () => {
    const claims = run((actions) =>
      actions
        .mapJsonKey("dept", "department")
        .mapJsonSubKey("country", "address", "country")
        .mapCustomJson("greeting", ({ name }) => `Hello ${name}`)
        .mapJsonKey("none", "missing"),
    );
    expect(claims).toMatchObject({ dept: "hr", country: "NZ", greeting: "Hello Alice" });
    expect(claims).not.toHaveProperty("none");
  });

  it("add a second value once, and keep distinct ones", () => {
    expect(run((actions) => actions.mapJsonKey("name", "name")).name).toBe("Alice");
    expect(run((actions) => actions.mapJsonKey("list", "department")).list).toEqual(["a", "b", "hr"]);
    expect(run((actions) => actions.mapUniqueJsonKey("name", "department")).name).toBe("Alice");
    expect(run((actions) => actions.mapUniqueJsonKey("unit", "department")).unit).toBe("hr");
  });

  it("delete, and take a deletion back", () => {
    expect(run((actions) => actions.deleteClaim("name").deleteClaims("list", "empty"))).not.toHaveProperty("name");
    expect(run((actions) => actions.remove("nonce"))).toHaveProperty("nonce", "n");
    expect(run((actions) => actions.clear())).toEqual(said);
  });

  it("map all, or all except some", () => {
    expect(run((actions) => actions.deleteClaim("name").mapAll())).toEqual(said);
    const { nonce: _nonce, ...rest } = said;
    expect(run((actions) => actions.mapAllExcept("nonce"))).toEqual(rest);
  });

  it("are not fooled by names of every object", () => {
    const hostile = JSON.parse('{"sub":"a","__proto__":{"admin":true}}');
    const claims = run((actions) => actions.mapJsonKey("x", "constructor").mapJsonKey("y", "toString"), hostile);
    expect(Object.keys(claims)).toEqual(["sub", "__proto__"]);
    expect((claims as { admin?: unknown }).admin).toBeUndefined();
  });
});
