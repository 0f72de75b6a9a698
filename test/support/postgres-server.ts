import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./redis-server.js";

const run = promisify(execFile);

/** A real PostgreSQL in a folder of its own, on a free port. */
export async function startPostgres(initdb: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "postgres-"));
  const data = join(folder, "data");
  const port = await freePort();
  // PostgreSQL refuses to run as root, which containers often are.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    await run("chown", ["postgres", folder]);
    await chmod(folder, 0o755);
  }
  const as = (program: string, options: readonly string[]): [string, string[]] =>
    isRoot
      ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, ...options]]
      : [program, [...options]];
  await run(...as(initdb, ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync"]), { cwd: folder });
  const options = ["-D", data, "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-k", folder, "-c", "fsync=off"];
  const server = spawn(...as(join(dirname(initdb), "postgres"), options), {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`postgres ended with code ${code}`)));
    server.stderr.on("data", (text: Buffer) => {
      if (text.includes("ready to accept connections")) resolve();
    });
  });
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      const gone = once(server, "exit");
      server.kill("SIGINT");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
