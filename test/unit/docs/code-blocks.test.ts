import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = new URL("../../../", import.meta.url);
const folder = new URL("test/.code-blocks/", root);

/** Every block of TypeScript in the docs, as a module of its own. */
async function codeBlocks(): Promise<readonly { readonly name: string; readonly code: string }[]> {
  const docs = (await readdir(new URL("docs/", root))).filter((name) => name.endsWith(".md"));
  const files = ["README.md", "example-app/README.md", ...docs.map((name) => `docs/${name}`)];
  const blocks = [];
  for (const file of files) {
    const text = await readFile(new URL(file, root), "utf8");
    for (const [index, [, , code = ""]] of [...text.matchAll(/^( *)```ts\n([\s\S]*?)^\1```$/gm)].entries()) {
      blocks.push({ name: `${file.replace(/\W/g, "-")}-${index}.ts`, code: `${code}\nexport {};\n` });
    }
  }
  return blocks;
}

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the docs", () => {
  it("hold code that compiles", async () => {
    const blocks = await codeBlocks();
    expect(blocks.length).toBeGreaterThan(2);
    await Promise.all(blocks.map(({ name, code }) => writeFile(new URL(name, folder), code)));
    await writeFile(
      new URL("tsconfig.json", folder),
      JSON.stringify({
        extends: "../tsconfig.json",
        compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, noEmit: true },
        include: ["*.ts"],
      }),
    );
    const { stdout } = await run("npx", ["tsc", "-p", "test/.code-blocks"], { cwd: root }).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(stdout).toBe("");
  }, 60_000);
});
