import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url).pathname;

let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "consumer-"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", project], { cwd: root });
  const [tarball] = (await readdir(project)).filter((name) => name.endsWith(".tgz"));
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`, "express@5"], {
    cwd: project,
  });
}, 120_000);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

const use = `
const app = express();
app.use(addOpenIdConnect({
  authority: "https://login.example",
  clientId: "app",
  backchannelLogoutPath: false,
  session: { secret: "0123456789abcdefghijklmnopqrstuv-0123" },
}));
app.get("/private", requireAuth(), (req, res) => res.send("never"));
const server = app.listen(0, async () => {
  const answer = await fetch("http://127.0.0.1:" + server.address().port + "/private");
  console.log(answer.status, (await answer.json()).code);
  server.close();
});
`;

describe("the packed package in an empty project", () => {
  it("is imported and guards a route", async () => {
    await writeFile(
      join(project, "app.mjs"),
      `import express from "express";\nimport { addOpenIdConnect, requireAuth } from "add-openid-connect";\n${use}`,
    );
    const { stdout, stderr } = await run("node", ["app.mjs"], { cwd: project });
    expect(stdout.trim()).toBe("401 ERR_OIDC_UNAUTHENTICATED");
    expect(stderr).toBe("");
  });

  it("is required from CommonJS", async () => {
    await writeFile(
      join(project, "app.cjs"),
      `const express = require("express");\nconst { addOpenIdConnect, requireAuth } = require("add-openid-connect");\n${use}`,
    );
    const { stdout } = await run("node", ["--no-warnings", "app.cjs"], { cwd: project });
    expect(stdout.trim()).toBe("401 ERR_OIDC_UNAUTHENTICATED");
  });

  it("holds the build, the guides that the readme leads to and the license, and no source or test", async () => {
    const { stdout } = await run("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], { cwd: root });
    const packed: unknown = JSON.parse(stdout);
    // npm 11 answers a list, later ones a record.
    const [first] = Object.values(packed as Record<string, { files: { path: string }[] }>);
    const paths = first?.files.map(({ path }) => path) ?? [];
    expect(paths).toContain("dist/index.js");
    expect(paths).toContain("README.md");
    expect(paths).toContain("LICENSE");
    const readme = await readFile(join(root, "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, path]) => path);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !paths.includes(path ?? ""))).toEqual([]);
    expect(
      paths.filter((path) => !/^(dist\/|docs\/[\w-]+\.md$|README\.md$|LICENSE$|package\.json$)/.test(path)),
    ).toEqual([]);
  });

  it("says what to install where the test provider's library is missing", async () => {
    await writeFile(
      join(project, "idp.mjs"),
      `import { createTestIdp } from "add-openid-connect/testing";\nawait createTestIdp().catch((error) => console.log(error.message));\n`,
    );
    const { stdout } = await run("node", ["idp.mjs"], { cwd: project });
    expect(stdout).toContain("npm install");
    expect(stdout).toContain("oidc-provider");
  });
});
