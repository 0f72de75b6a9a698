import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
// @ts-expect-error: a script of the docs, without types
import { parityPage, parityRows } from "../../../docs/generate-parity.mjs";

const root = new URL("../../../", import.meta.url);

describe("docs/parity.md", () => {
  it("is made of its parts: run node docs/generate-parity.mjs after a change", () => {
    expect(readFileSync(new URL("docs/parity.md", root), "utf8")).toBe(parityPage());
  });

  it("names tests that exist", () => {
    const rows: { number: string; file: string; title: string }[] = parityRows();
    const missing = rows.filter(({ file, title }) => {
      const source = readFileSync(new URL(file, root), "utf8");
      return !source.includes(title) && !source.includes(JSON.stringify(title).slice(1, -1));
    });
    expect(missing).toEqual([]);
    expect(rows.length).toBeGreaterThan(50);
  });
});
