import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
// @ts-expect-error: a script of the docs, without types
import { optionsPage } from "../../../docs/generate-options.mjs";

describe("docs/options.md", () => {
  it("is what the types say: run node docs/generate-options.mjs after a change", () => {
    expect(readFileSync(new URL("../../../docs/options.md", import.meta.url), "utf8")).toBe(optionsPage());
  });
});
