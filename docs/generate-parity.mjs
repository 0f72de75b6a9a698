// Writes docs/parity.md from docs/parity.d/*.md: `node docs/generate-parity.mjs`. A test checks that each title exists.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL("parity.d/", import.meta.url);

/** Rows of all topics: number, behaviour, test file and title. */
export function parityRows() {
  const rows = readdirSync(folder)
    .flatMap((name) => readFileSync(new URL(name, folder), "utf8").split("\n"))
    .map((line) => /^\|\s*([A-Z]\w*)\s*\|\s*(.*?)\s*\|\s*(test\/[\w./-]+\.test\.ts):\s*(.*?)\s*\|\s*$/.exec(line))
    .filter((row) => row !== null)
    .map(([, number, behaviour, file, title]) => ({ number, behaviour, file, title }));
  return rows.sort((a, b) => a.number.localeCompare(b.number, "en", { numeric: true }));
}

export function parityPage() {
  const rows = parityRows().map(
    ({ number, behaviour, file, title }) =>
      `| ${number} | ${behaviour} | [${file.replace("test/", "")}](../${file}): ${title} |`,
  );
  return [
    "# Parity with ASP.NET Core",
    "",
    "Each behaviour of the reference's own tests that applies here, and the test that shows it. Where we differ on purpose, the behaviour says so.",
    "",
    "| number | behaviour | test |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL("parity.md", import.meta.url), parityPage());
}
