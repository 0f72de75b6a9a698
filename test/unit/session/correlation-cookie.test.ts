import { describe, expect, it } from "vitest";
import {
  clearCorrelation,
  correlate,
  noteSignIn,
  readCorrelationCookies,
} from "../../../src/session/correlation-cookie.js";
import type { CookieAttributes } from "../../../src/session/session-cookie.js";

const PREFIX = "__Host-oidc-correlation.";
const attributes: CookieAttributes = { path: "/", secure: true, sameSite: "lax", partitioned: false };
const value = (n: number) => String(n).padStart(22, "v");
const pair = (n: number) => `${PREFIX}${String(n).padStart(4, "n")}=${value(n)}`;
const header = (count: number) => Array.from({ length: count }, (_, n) => pair(n)).join("; ");

describe("the correlation cookie", () => {
  it("is made for a browser that has none: 16 random bytes under a name of its own", () => {
    const one = correlate(undefined, PREFIX, attributes, 900);
    const two = correlate("a=b", PREFIX, attributes, 900);
    expect(Buffer.from(one.value, "base64url")).toHaveLength(16);
    expect(one.value).not.toBe(two.value);
    expect(one.setCookies).toHaveLength(1);
    expect(one.setCookies[0]).toMatch(
      /^__Host-oidc-correlation\.[\w-]{4}=[\w-]{22}; Path=\/; Max-Age=900; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(one.setCookies[0]).toContain(`=${one.value};`);
  });

  it("gives tabs that start at once names that do not overwrite one another", () => {
    const names = Array.from(
      { length: 24 },
      () => correlate(undefined, PREFIX, attributes, 900).setCookies[0]?.split("=")[0],
    );
    expect(new Set(names).size).toBe(24);
  });

  it("is kept by a browser that has one, and its age renewed", () => {
    const kept = correlate(`a=b; ${pair(1)}`, PREFIX, attributes, 900);
    expect(kept.value).toBe(value(1));
    expect(kept.setCookies).toEqual([`${pair(1)}; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax`]);
  });

  it("is read back from its own line", () => {
    const made = correlate(undefined, PREFIX, attributes, 900);
    const sent = made.setCookies[0]?.split(";")[0];
    expect(readCorrelationCookies(`x=y; ${sent}`, PREFIX).map((cookie) => cookie.value)).toEqual([made.value]);
  });

  it("counts sign-ins that follow one another at once, as long as challenges keep the note", () => {
    const noteOf = (line: string | undefined) => readCorrelationCookies(line?.split(";")[0], PREFIX)[0]?.signedIn;
    const signIn = (cookie: string | undefined, time: number) =>
      noteSignIn(cookie, PREFIX, attributes, 900, { atSeconds: time, session: "abcd" })[0];
    const challenge = (cookie: string | undefined, keepsNote: boolean) =>
      correlate(cookie?.split(";")[0], PREFIX, attributes, 900, keepsNote).setCookies[0];
    let line = signIn(pair(1), 1_000);
    expect(noteOf(line)).toEqual({ atSeconds: 1_000, session: "abcd", inARow: 1 });
    for (let i = 2; i < 12; i++) line = signIn(challenge(line, true), 1_000 + i);
    expect(noteOf(line)).toEqual({ atSeconds: 1_011, session: "abcd", inARow: 9 });
    expect(noteOf(signIn(challenge(line, true), 1_017))).toEqual({ atSeconds: 1_017, session: "abcd", inARow: 1 });
    expect(noteOf(signIn(challenge(line, false), 1_012))).toEqual({ atSeconds: 1_012, session: "abcd", inARow: 1 });
  });

  it("lets 24 be and clears the surplus", () => {
    expect(correlate(header(24), PREFIX, attributes, 900).setCookies).toHaveLength(1);
    const lines = correlate(header(27), PREFIX, attributes, 900).setCookies;
    expect(lines).toHaveLength(4);
    expect(lines.slice(1).every((line) => line.includes("=; ") && line.includes("Max-Age=0"))).toBe(true);
  });

  it("is never one of another form, which nobody here has made", () => {
    const malformed = [
      `${PREFIX}abcd=short`,
      `${PREFIX}abcd=${"v".repeat(23)}`,
      `${PREFIX}abcd=${"v".repeat(21)}!`,
      `${PREFIX}abcd="${"v".repeat(22)}"`,
      `${PREFIX}abc=${value(1)}`,
      `${PREFIX}abcde=${value(1)}`,
      `x${PREFIX}abcd=${value(1)}`,
      `oidc-correlation.abcd=${value(1)}`,
      `${PREFIX}abcd`,
      `a=${PREFIX}abcd=${value(1)}`,
    ];
    for (const cookie of malformed) expect(readCorrelationCookies(cookie, PREFIX)).toEqual([]);
    const made = correlate(malformed.join("; "), PREFIX, attributes, 900);
    expect(malformed.join()).not.toContain(made.value);
  });

  it("is cleared, each that is present, with the attributes it was set with", () => {
    const other = { ...attributes, sameSite: "none", path: "/app" } as const;
    const lines = clearCorrelation(`a=b; ${header(2)}`, PREFIX, other);
    expect(lines).toHaveLength(2);
    for (const line of lines)
      expect(line).toMatch(/=; Path=\/app; Max-Age=0; Expires=.*; HttpOnly; Secure; SameSite=None$/);
    expect(clearCorrelation(undefined, PREFIX, other)).toEqual([]);
  });
});
