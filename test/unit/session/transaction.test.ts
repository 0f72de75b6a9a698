import { describe, expect, it } from "vitest";
import { createKeyRing } from "../../../src/session/key-ring.js";
import { createTransactions, type TransactionDraft } from "../../../src/session/transaction.js";

const OLD = "old-0123456789-0123456789-0123456789";
const NEW = "new-0123456789-0123456789-0123456789";
const now = () => 1_790_000_000.7;
const transactions = createTransactions(createKeyRing([NEW]), now);

const draft: TransactionDraft = {
  scheme: "oidc",
  issuer: "https://login.example.com/realms/customers",
  redirectUri: "https://app.example.com/signin-oidc",
  correlation: "Q0s1c9mB7xYtLr3vNf2KgA",
  returnUrl: "/orders?page=2",
};

function begin(changes: Partial<TransactionDraft> = {}, using = transactions) {
  const begun = using.begin({ ...draft, ...changes });
  if (begun === undefined) throw new Error("did not begin");
  return begun;
}

describe("a transaction", () => {
  it("comes back from its state", () => {
    const opened = transactions.open(begin({ extras: { maxAge: 0, acr: ["2"], state: { step: 3 } } }).state);
    expect(opened).toMatchObject({
      scheme: "oidc",
      returnUrl: "/orders?page=2",
      issuedAtSeconds: 1_790_000_000,
      extras: { maxAge: 0, acr: ["2"], state: { step: 3 } },
    });
    expect(opened?.id).toMatch(/^[\w-]{22}$/);
    expect(transactions.open(begin().state)?.extras).toEqual({});
  });

  it.each([
    "/orders",
    "/orders/8841?tab=items",
    "/a/longer/path/to/some/page?with=a&query=of&several=parameters#and-hash",
  ])("has a state of 120 to 250 characters for %s", (returnUrl) => {
    const { state } = begin({ returnUrl });
    expect(state.length).toBeGreaterThanOrEqual(118);
    expect(state.length).toBeLessThanOrEqual(250);
    expect(state).toMatch(/^[\w-]+$/);
  });

  it("gives up a long query first, then the path, and never exceeds 1,000 characters", () => {
    const query = begin({ returnUrl: `/orders?${"q".repeat(2000)}` });
    expect(query.state.length).toBeLessThanOrEqual(1000);
    expect(transactions.open(query.state)?.returnUrl).toBe("/orders");
    const hash = begin({ returnUrl: `/orders#${"q".repeat(2000)}` });
    expect(transactions.open(hash.state)?.returnUrl).toBe("/orders");
    const path = begin({ returnUrl: `/${"p".repeat(2000)}` });
    expect(path.state.length).toBeLessThanOrEqual(1000);
    expect(transactions.open(path.state)?.returnUrl).toBe("/");
    for (let length = 0; length < 1200; length += 13) {
      expect(begin({ returnUrl: `/p?${"q".repeat(length)}` }).state.length).toBeLessThanOrEqual(1000);
    }
  });

  it("does not begin when the app's own state is too long for any form", () => {
    expect(transactions.begin({ ...draft, extras: { state: "s".repeat(2000) } })).toBeUndefined();
  });

  it("has a nonce, verifier, id and state of its own", () => {
    const all = Array.from({ length: 20 }, () => begin());
    for (const part of ["state", "nonce", "codeVerifier"] as const) {
      expect(new Set(all.map((begun) => begun[part])).size).toBe(20);
    }
    expect(new Set(all.map(({ state }) => transactions.open(state)?.id)).size).toBe(20);
  });

  it("finds the very same nonce and verifier in the callback, on another node too", () => {
    const { state, nonce, codeVerifier } = begin();
    expect(transactions.open(state)).toMatchObject({ nonce, codeVerifier });
    const otherNode = createTransactions(createKeyRing([NEW]), now);
    expect(otherNode.open(state)).toMatchObject({ nonce, codeVerifier });
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(nonce).toMatch(/^[\w-]{22}$/);
    expect(codeVerifier).not.toContain(nonce);
  });

  it("opens after the secret was rotated, with the same nonce and verifier", () => {
    const { state, nonce, codeVerifier } = begin({}, createTransactions(createKeyRing([OLD]), now));
    const rotated = createTransactions(createKeyRing([NEW, OLD]), now);
    expect(rotated.open(state)).toMatchObject({ nonce, codeVerifier });
    expect(transactions.open(state)).toBeUndefined();
  });

  it("does not carry nonce or verifier, not even sealed", () => {
    const { state, nonce, codeVerifier } = begin();
    const opened = createKeyRing([NEW]).open("transaction", state);
    for (const secret of [nonce, codeVerifier]) {
      expect(opened?.plaintext.includes(secret)).toBe(false);
      expect(opened?.plaintext.includes(Buffer.from(secret, "base64url"))).toBe(false);
    }
  });

  it("is bound to the browser, issuer and redirect URI that it began with", () => {
    const opened = transactions.open(begin().state);
    expect(opened?.isBoundTo(draft.correlation)).toBe(true);
    expect(opened?.isFor(draft.issuer)).toBe(true);
    expect(opened?.isSentWith(draft.redirectUri)).toBe(true);
  });

  it.each(["", "Q0s1c9mB7xYtLr3vNf2KgB", draft.issuer, draft.redirectUri])(
    "is not bound to a browser with %j",
    (value) => {
      expect(transactions.open(begin().state)?.isBoundTo(value)).toBe(false);
    },
  );

  it("is not for another issuer or redirect URI", () => {
    const opened = transactions.open(begin().state);
    expect(opened?.isFor(`${draft.issuer}/`)).toBe(false);
    expect(opened?.isFor(draft.correlation)).toBe(false);
    expect(opened?.isSentWith("https://app.example.com/admin/signin-oidc")).toBe(false);
    expect(opened?.isSentWith(draft.issuer)).toBe(false);
  });

  it("is nothing after any change to its state", () => {
    const { state } = begin();
    for (let at = 0; at < state.length; at++) {
      const other = state[at] === "A" ? "B" : "A";
      expect(transactions.open(state.slice(0, at) + other + state.slice(at + 1))).toBeUndefined();
      expect(transactions.open(state.slice(0, at))).toBeUndefined();
    }
    expect(transactions.open(`${state}A`)).toBeUndefined();
    expect(transactions.open(`${state}=`)).toBeUndefined();
  });

  it("is nothing when something else was sealed with the same secret", () => {
    const keys = createKeyRing([NEW]);
    const { plaintext } = keys.open("transaction", begin().state) ?? {};
    expect(transactions.open(keys.seal("ticket", plaintext ?? Buffer.alloc(0)))).toBeUndefined();
    expect(transactions.open(keys.seal("transaction", Buffer.alloc(10)))).toBeUndefined();
  });

  it("is nothing when the state is longer than any of ours", () => {
    expect(transactions.open("A".repeat(1_000_000))).toBeUndefined();
  });
});
