import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../../src/errors.js";
import {
  type CookieAttributes,
  clearSealedCookie,
  readCookie,
  readSealedCookie,
  serializeCookie,
  sessionCookieName,
  writeSealedCookie,
} from "../../../src/session/session-cookie.js";

const plain: CookieAttributes = { path: "/", secure: true, sameSite: "lax", partitioned: false };
const NAME = "__Host-oidc";

/** What a browser sends back of these Set-Cookie lines. */
function jar(lines: readonly string[]): string {
  return lines
    .filter((line) => !line.includes("Max-Age=0"))
    .map((line) => line.slice(0, line.indexOf(";")))
    .join("; ");
}

function sealedOf(length: number): string {
  return "AbCdEf0123456789-_".repeat(Math.ceil(length / 18)).slice(0, length);
}

describe("a Set-Cookie line", () => {
  it("is HttpOnly with whatever attributes", () => {
    for (const secure of [true, false]) {
      expect(serializeCookie("a", "b", { ...plain, secure }, undefined)).toContain("; HttpOnly");
    }
  });

  it("holds each attribute as given", () => {
    expect(serializeCookie("a", "b", plain, undefined)).toBe("a=b; Path=/; HttpOnly; Secure; SameSite=Lax");
    expect(
      serializeCookie(
        "a",
        "b",
        { path: "/x", domain: "example.com", secure: false, sameSite: "strict", partitioned: false },
        60,
      ),
    ).toBe("a=b; Path=/x; Domain=example.com; Max-Age=60; HttpOnly; SameSite=Strict");
    expect(serializeCookie("a", "b", { ...plain, sameSite: "none", partitioned: true }, undefined)).toBe(
      "a=b; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
    );
  });

  it("removes with Max-Age 0 and a date in the past", () => {
    const line = serializeCookie("a", "", plain, 0);
    expect(line).toContain("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
  });

  it("has whole seconds alone, which is all that browsers read", () => {
    expect(serializeCookie("a", "b", plain, 1.5)).toContain("; Max-Age=2;");
  });
});

describe("the name of the session cookie", () => {
  it.each([
    ["__Host-oidc", plain],
    ["__Secure-oidc", { ...plain, path: "/app" }],
    ["__Secure-oidc", { ...plain, domain: "example.com" }],
    ["oidc", { ...plain, secure: false }],
  ] as const)("is %s for %o", (name, attributes) => {
    expect(sessionCookieName("oidc", attributes)).toBe(name);
  });

  it("holds nothing that would end a name", () => {
    expect(sessionCookieName("a;b=c d\n(e)", { ...plain, secure: false })).toMatch(/^[\w%-]+$/);
  });
});

describe("reading a cookie", () => {
  it.each([
    ["alone", "oidc=v"],
    ["first", "oidc=v; a=b"],
    ["last", "a=b; oidc=v"],
    ["without a blank before it", "a=b;oidc=v;c=d"],
    ["with blanks around it", "a=b;   oidc=v  ; c=d"],
    ["twice with the same value", "oidc=v; a=b; oidc=v"],
    ["beside names that end in it", "xoidc=1; __Host-oidc=2; oidc=v"],
    ["beside names that begin with it", "oidc.1=1; oidcx=2; oidc=v"],
    ["beside a value that looks like it", "a=oidc=w; oidc=v; b=; c= oidc=w"],
  ])("finds it %s", (_, header) => {
    expect(readCookie(header, "oidc")).toBe("v");
  });

  it.each([
    ["no header", undefined],
    ["an empty header", ""],
    ["only longer names", "xoidc=v; oidcx=v; __Host-oidc=v"],
    ["only a value of that look", "a=oidc=v"],
    ["a quoted value of that look", 'a="x oidc=v"'],
    ["a name in other letters", "OIDC=v"],
    ["a name without value", "oidc; a=b"],
  ])("finds nothing in %s", (_, header) => {
    expect(readCookie(header, "oidc")).toBeUndefined();
  });

  it("takes neither of two different values, for one of them was planted", () => {
    expect(readCookie("oidc=v; oidc=w", "oidc")).toBeUndefined();
    expect(readCookie("oidc=w; a=b; oidc=v", "oidc")).toBeUndefined();
    expect(readCookie("oidc=; oidc=v", "oidc")).toBeUndefined();
    expect(readCookie("oidc=v; oidc=v; oidc=w", "oidc")).toBeUndefined();
  });

  it("leaves quotes as they are", () => {
    expect(readCookie('oidc="v"', "oidc")).toBe('"v"');
  });

  it("stays linear over a header made to be slow", () => {
    const blanks = `${" ".repeat(200_000)}oidc=`;
    const started = performance.now();
    readCookie(blanks.repeat(2), "oidc");
    readCookie("oidc=".repeat(100_000), "oidc");
    readCookie(";oidc=v".repeat(100_000), "oidc");
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("a sealed text in cookies", () => {
  it.each([1, 100, 1700, 4030, 4040, 4050, 7000, 8100, 10_000])("of %i characters comes back", (length) => {
    const sealed = sealedOf(length);
    const lines = writeSealedCookie(NAME, sealed, plain, 3600, undefined);
    expect(readSealedCookie(`a=b; ${jar(lines)}; c=d`, NAME)).toBe(sealed);
  });

  it.each([
    plain,
    { ...plain, path: `/${"p".repeat(200)}`, domain: "a.very.long.example.com", partitioned: true, sameSite: "none" },
  ] as const)("never makes a cookie of more than 4,096 bytes, attributes included (%#)", (attributes) => {
    for (const length of [4000, 4020, 4030, 4040, 4050, 4096, 8000, 9000]) {
      for (const line of writeSealedCookie(NAME, sealedOf(length), attributes, 31_536_000, undefined)) {
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4096);
      }
    }
  });

  it("fills a cookie before it begins the next", () => {
    const lines = writeSealedCookie(NAME, sealedOf(5000), plain, undefined, undefined);
    expect(lines.map((line) => line.length === 4096)).toEqual([true, false]);
    expect(lines[0]).toMatch(/^__Host-oidc=2/);
    expect(lines[1]).toMatch(/^__Host-oidc\.1=/);
  });

  it.each([10_900, 11_000, 12_200, 50_000])("of %i characters is refused with its size and the limit", (length) => {
    const write = () => writeSealedCookie(NAME, sealedOf(length), plain, undefined, undefined);
    expect(write).toThrow(ConfigurationError);
    expect(write).toThrow(expect.objectContaining({ code: "ERR_OIDC_TICKET_TOO_LARGE" }) as Error);
    expect(write).toThrow(String(length));
    expect(write).toThrow("11000");
  });

  it("is refused where the path alone fills a cookie", () => {
    const attributes = { ...plain, path: `/${"p".repeat(4200)}` };
    expect(() => writeSealedCookie("__Secure-oidc", sealedOf(100), attributes, undefined, undefined)).toThrow(
      expect.objectContaining({ code: "ERR_OIDC_TICKET_TOO_LARGE" }) as Error,
    );
  });

  it("removes the chunks that a longer one left", () => {
    const before = jar(writeSealedCookie(NAME, sealedOf(9000), plain, undefined, undefined));
    const lines = writeSealedCookie(NAME, sealedOf(100), plain, undefined, `${before}; ${NAME}.9=x`);
    expect(lines.slice(1)).toEqual([1, 2, 9].map((n) => serializeCookie(`${NAME}.${n}`, "", plain, 0)));
    expect(readSealedCookie(jar(lines), NAME)).toBe(sealedOf(100));
  });

  it("removes nothing that the browser does not have, nor what it has just written", () => {
    const before = jar(writeSealedCookie(NAME, sealedOf(5000), plain, undefined, undefined));
    expect(writeSealedCookie(NAME, sealedOf(5000), plain, undefined, before)).toHaveLength(2);
    expect(writeSealedCookie(NAME, sealedOf(100), plain, undefined, "a=b; __Host-oidc=1x")).toHaveLength(1);
  });

  it("is cleared with the attributes it was set with, every chunk of it", () => {
    const attributes = { ...plain, path: "/app", domain: "example.com", partitioned: true };
    const before = jar(writeSealedCookie("__Secure-oidc", sealedOf(9000), attributes, undefined, undefined));
    const lines = clearSealedCookie("__Secure-oidc", attributes, before);
    expect(lines).toEqual(["", ".1", ".2"].map((n) => serializeCookie(`__Secure-oidc${n}`, "", attributes, 0)));
    expect(clearSealedCookie(NAME, plain, undefined)).toEqual([serializeCookie(NAME, "", plain, 0)]);
  });

  it("is whole or nothing", () => {
    const chunks = jar(writeSealedCookie(NAME, sealedOf(9000), plain, undefined, undefined)).split("; ");
    expect(chunks).toHaveLength(3);
    for (let missing = 0; missing < 3; missing++) {
      expect(readSealedCookie(chunks.filter((_, n) => n !== missing).join("; "), NAME)).toBeUndefined();
    }
    expect(readSealedCookie([...chunks].reverse().join("; "), NAME)).toBe(sealedOf(9000));
    expect(readSealedCookie(`${chunks.join("; ")}; ${NAME}.1=planted`, NAME)).toBeUndefined();
  });

  it.each(["", "1", "0abc", "4abc", "9abc", "xabc", "-abc", " "])("is not read from %j", (value) => {
    expect(readSealedCookie(`${NAME}=${value}; ${NAME}.1=b; ${NAME}.2=c; ${NAME}.3=d`, NAME)).toBeUndefined();
  });

  it("is not read from more than browsers would send", () => {
    expect(readSealedCookie(`${NAME}=1${sealedOf(4097)}`, NAME)).toBeUndefined();
    expect(readSealedCookie(`${NAME}=1${sealedOf(1_000_000)}`, NAME)).toBeUndefined();
    const chunk = sealedOf(4000);
    expect(readSealedCookie(`${NAME}=3${chunk}; ${NAME}.1=${chunk}; ${NAME}.2=${chunk}`, NAME)).toBeUndefined();
  });
});
