import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import type { SavedTokens, Ticket } from "../../../src/model.js";
import { createKeyRing } from "../../../src/session/key-ring.js";
import { decodeTicket, decodeTokens, encodeTicket } from "../../../src/session/ticket-codec.js";
import { claims, idTokenClaims, jwt, ticket, tokens } from "./realistic-tokens.js";

function both(given: Ticket, saved: SavedTokens | undefined) {
  const bytes = encodeTicket(given, saved);
  return { bytes, ticket: decodeTicket(bytes), tokens: decodeTokens(bytes) };
}

describe("an encoded ticket", () => {
  it("comes back as it was, with tokens and without", () => {
    expect(both(ticket, tokens)).toMatchObject({ ticket, tokens });
    expect(both(ticket, tokens).ticket).toEqual(ticket);
    const without = both(ticket, undefined);
    expect(without.ticket).toEqual(ticket);
    expect(without.tokens).toBeUndefined();
  });

  it("keeps what the app added", () => {
    const own = { ...ticket, userFields: { roles: ["clerk"], deep: { a: [1, null] } }, items: { theme: "dark" } };
    expect(both(own, tokens).ticket).toEqual(own);
  });

  it("keeps claims that differ from the ID token, and does not bring back those that were deleted", () => {
    const { email: _, ...rest } = claims;
    const changed = { ...ticket, claims: { ...rest, name: "Someone Else", department: "Sales", zero: 0, none: null } };
    const decoded = both(changed, tokens).ticket;
    expect(decoded?.claims).toEqual(changed.claims);
    expect(decoded?.claims).not.toHaveProperty("email");
    expect(decoded?.claims).not.toHaveProperty("nonce");
  });

  it("keeps evidence that differs from the ID token, and does not invent what was not there", () => {
    const evidence = { issuer: "https://other.example", subject: "someone", amr: ["hwk"] };
    expect(both({ ...ticket, evidence }, tokens).ticket?.evidence).toEqual(evidence);
    const { evidence: _, ...without } = ticket;
    expect(both(without, tokens).ticket).not.toHaveProperty("evidence");
  });

  it("leaves out what is undefined", () => {
    const sparse = { ...ticket, absoluteExpiresAtSeconds: undefined, userFields: undefined };
    const decoded = both(sparse, { ...tokens, refreshToken: undefined });
    expect(decoded.ticket).toEqual(ticket);
    expect(decoded.tokens).not.toHaveProperty("refreshToken");
  });

  it.each([
    ["an ES256-sized signature", `${(tokens.idToken ?? "").split(".").slice(0, 2).join(".")}.${"A".repeat(86)}`],
    ["blanks and odd order in its JSON", `${b64('{ "typ":"JWT",\n"alg":"none" }')}.${b64('{"b":1, "a":1.0}')}.`],
    ["bytes that are no UTF-8", `${b64("{}")}.${Buffer.from([0xff, 0xfe, 0x80]).toString("base64url")}.AAAA`],
    ["a payload that is no JSON", `${b64("{}")}.${b64("not json")}.AAAA`],
    ["a payload that is a list", `${b64("{}")}.${b64("[1]")}.AAAA`],
    ["padding", `${b64("{}")}==.${b64("{}")}.AAAA`],
    ["unused bits set", `${b64("{}").slice(0, -1)}1.${b64("{}")}.AAAA`],
    ["the other base64 alphabet", "e30.e30.++//"],
    ["five parts, as an encrypted one", `${b64('{"enc":"A256GCM"}')}.AAAA.BBBB.CCCC.DDDD`],
    ["dots alone", ".."],
    ["letters beyond ASCII", "é.日本.x"],
    ["no text", ""],
  ])("gives back, byte for byte, a token with %s", (_, token) => {
    for (const field of ["idToken", "accessToken", "refreshToken"] as const) {
      const saved = { ...tokens, [field]: token };
      const decoded = both(ticket, saved);
      expect(decoded.tokens).toEqual(saved);
      expect(decoded.ticket).toEqual(ticket);
    }
  });

  it("gives back a refresh token that is a JWT, and one token saved twice", () => {
    const saved = { ...tokens, refreshToken: jwt({ typ: "Refresh" }, { jti: "1" }), accessToken: tokens.idToken };
    expect(both(ticket, saved).tokens).toEqual(saved);
  });

  it("gives back the tokens whatever order they are in", () => {
    const { idToken, accessToken, refreshToken } = tokens;
    const saved = { refreshToken, accessToken, idToken };
    const decoded = both(ticket, saved);
    expect(decoded.tokens).toEqual(saved);
    expect(decoded.ticket).toEqual(ticket);
  });

  it("carries fields that a later version adds", () => {
    const later = {
      ...ticket,
      v: "short name",
      ".dot": 1,
      policy: { mfa: [true] },
      evidence: { ...ticket.evidence, x: 1 },
    };
    const saved = {
      ...tokens,
      dPoPKey: { kty: "EC", x: "AA" },
      accessTokens: { "https://api": { token: "t", jwt: [1] } },
    };
    const decoded = both(later as unknown as Ticket, saved as unknown as SavedTokens);
    expect(decoded.ticket).toEqual(later);
    expect(decoded.tokens).toEqual(saved);
  });

  it("carries __proto__ as a name like any other, and changes no prototype", () => {
    const hostile = JSON.parse('{"sub":"s","__proto__":{"isAdmin":true},"constructor":"c","toString":"t"}');
    const saved = { ...tokens, idToken: jwt({}, hostile), ...JSON.parse('{"__proto__":{"polluted":1}}') };
    for (const given of [tokens, saved, undefined]) {
      const decoded = both({ ...ticket, claims: hostile, items: hostile, userFields: hostile }, given);
      for (const found of [decoded.ticket?.claims, decoded.ticket?.userFields, decoded.ticket?.items]) {
        expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
        expect(Object.hasOwn(found ?? {}, "__proto__")).toBe(true);
        expect((found as { isAdmin?: unknown }).isAdmin).toBeUndefined();
        expect(JSON.stringify(found)).toBe(JSON.stringify(hostile));
      }
      expect(Object.getPrototypeOf(decoded.tokens ?? {})).toBe(Object.prototype);
    }
    expect(({} as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it("does not compress what the app wrote, so that its length tells nothing about the secrets beside it", () => {
    const size = (theme: string) => encodeTicket({ ...ticket, items: { theme } }, tokens).length;
    const guess = tokens.refreshToken ?? "";
    expect(size(guess)).toBe(size(randomBytes(80).toString("base64url").slice(0, guess.length)));
    expect(encodeTicket({ ...ticket, items: { theme: "dark-mode" } }, tokens).includes('"theme":"dark-mode"')).toBe(
      true,
    );
  });

  it("does not compress claims that the app wrote either, and gives them back", () => {
    const written = (nickname: string): Ticket => ({
      ...ticket,
      claims: { ...ticket.claims, nickname },
      areClaimsOfApp: true,
    });
    const size = (nickname: string) => encodeTicket(written(nickname), tokens).length;
    const guess = tokens.refreshToken ?? "";
    expect(size(guess)).toBe(size(randomBytes(80).toString("base64url").slice(0, guess.length)));
    expect(both(written("Al"), tokens).ticket).toEqual(written("Al"));
    expect(both(written("Al"), undefined).ticket).toEqual(written("Al"));
  });

  it("does not rebuild tokens to read the ticket", () => {
    const bytes = encodeTicket(ticket, tokens);
    const encode = vi.spyOn(Buffer.prototype, "toString");
    decodeTicket(bytes);
    const forTicket = encode.mock.calls.filter(([encoding]) => encoding === "base64url").length;
    decodeTokens(bytes);
    const forBoth = encode.mock.calls.filter(([encoding]) => encoding === "base64url").length;
    encode.mockRestore();
    expect(forTicket).toBe(0);
    expect(forBoth).toBe(6);
  });

  it("fits three realistic tokens into 1,700 characters when sealed", () => {
    expect(tokens.idToken?.length).toBeGreaterThan(1050);
    expect(tokens.accessToken?.length).toBeGreaterThan(1150);
    const sealed = createKeyRing(["0123456789".repeat(4)]).seal("ticket", encodeTicket(ticket, tokens));
    expect(sealed.length).toBeLessThanOrEqual(1700);
    console.info(
      `id ${tokens.idToken?.length}, access ${tokens.accessToken?.length}, refresh ${tokens.refreshToken?.length}: sealed ${sealed.length}`,
    );
  });

  it("costs little for claims and evidence that the ID token has already", () => {
    const { evidence: _, ...rest } = ticket;
    const bare = encodeTicket({ ...rest, claims: idTokenClaims }, tokens).length;
    expect(encodeTicket(ticket, tokens).length - bare).toBeLessThan(60);
  });
});

describe("bytes that are no ticket of this version", () => {
  const bytes = encodeTicket({ ...ticket, items: { a: "b" } }, tokens);

  it("are nothing when the version is another", () => {
    for (const version of [0, 2, 255]) {
      const other = Buffer.from(bytes);
      other[0] = version;
      expect(decodeTicket(other)).toBeUndefined();
      expect(decodeTokens(other)).toBeUndefined();
    }
  });

  it("are nothing when they are cut off, at any length", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeTicket(bytes.subarray(0, length))).toBeUndefined();
      expect(decodeTokens(bytes.subarray(0, length))).toBeUndefined();
    }
  });

  it("never make it throw", () => {
    for (let round = 0; round < 3000; round++) {
      const broken = round % 3 === 0 ? randomBytes(round % 400) : Buffer.from(bytes);
      if (broken.length > 0) broken[0] = 1;
      if (round % 3 !== 0) broken[1 + (round % (broken.length - 1))] = round & 255;
      expect(() => [decodeTicket(broken), decodeTokens(broken)]).not.toThrow();
    }
  });

  it("are not inflated beyond 256 kB", () => {
    const huge = { ...ticket, claims: { sub: "s", text: "a".repeat(300_000) } };
    expect(() => encodeTicket(huge, undefined)).toThrow(
      expect.objectContaining({ code: "ERR_OIDC_TICKET_TOO_LARGE" }) as Error,
    );
  });
});

function b64(text: string): string {
  return Buffer.from(text).toString("base64url");
}
