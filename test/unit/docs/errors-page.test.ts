import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

describe("docs/errors.md", () => {
  const page = read("docs/errors.md");
  const statuses = [...read("src/errors.ts").matchAll(/^ {2}(ERR_OIDC_\w+): (\d{3}),$/gm)];

  it("lists every code once, with its status, a cause and a cure", () => {
    expect(statuses.length).toBeGreaterThan(30);
    for (const [, code, status] of statuses) {
      const rows = page.split("\n").filter((line) => line.startsWith(`| \`${code}\` |`));
      expect([code, rows.length]).toEqual([code, 1]);
      const cells = (rows[0] ?? "").split(/(?<!\\)\|/).map((cell) => cell.trim());
      expect([code, cells[2]]).toEqual([code, status]);
      expect(cells[3]?.length, code).toBeGreaterThan(10);
      expect(cells[4]?.length, code).toBeGreaterThan(10);
    }
  });

  it("lists every warning once, and none that does not exist", () => {
    const files = readdirSync(new URL("../../../src", import.meta.url), { recursive: true, encoding: "utf8" });
    const source = files.filter((file) => file.endsWith(".ts")).map((file) => read(`src/${file}`));
    const known = new Set(
      source.flatMap((text) => [...text.matchAll(/warnOnce\(\s*"(\w+)"/g)].map(([, code]) => code)),
    );
    const listed = [...page.matchAll(/^\| `(OIDC_\w+)`/gm)].map(([, code]) => code);
    expect(listed.toSorted()).toEqual([...known].toSorted());
  });

  it("lists no code that does not exist", () => {
    const known = new Set(statuses.map(([, code]) => code));
    const listed = [...page.matchAll(/^\| `(ERR_OIDC_\w+)`/gm)].map(([, code]) => code);
    expect(listed.filter((code) => !known.has(code))).toEqual([]);
  });
});
