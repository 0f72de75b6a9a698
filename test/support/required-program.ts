import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Where a program is, or `undefined`, so that its tests are skipped. Under CI=true a missing program is an error: there
 * skipped tests would look like passed ones.
 */
export function findProgram(name: string, install: string, alsoIn: readonly string[] = []): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...alsoIn];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  const help = `There is no ${name}: ${install}.`;
  if (process.env["CI"] === "true") throw new Error(help);
  console.warn(`\n*** Tests with ${name} are skipped. ${help} ***\n`);
  return undefined;
}

/** Debian keeps PostgreSQL's programs by version, outside of PATH. */
export function postgresFolders(): readonly string[] {
  const root = "/usr/lib/postgresql";
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, "bin")) : [];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
