import { spawn } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestIdp, type TestIdp } from "add-openid-connect/testing";
import { afterEach, describe, expect, it } from "vitest";
import { refresh, requestTokens, signIn } from "./client.js";

const root = new URL("../../..", import.meta.url).pathname;

let running: TestIdp[] = [];

async function start(options?: Parameters<typeof createTestIdp>[0]): Promise<TestIdp> {
  const idp = await createTestIdp(options);
  running.push(idp);
  return idp;
}

afterEach(async () => {
  await Promise.all(running.map((idp) => idp.stop()));
  running = [];
});

async function keyIds(idp: TestIdp): Promise<readonly string[]> {
  const { keys } = await (await fetch(`${idp.issuer}/.well-known/openid-configuration/jwks`)).json();
  return keys.map(({ kid }: { kid: string }) => kid);
}

describe("the test provider", () => {
  it("is reached by both addresses of localhost", async () => {
    const { port, issuer, url } = await start();
    expect([issuer, url]).toEqual([`http://localhost:${port}`, `http://localhost:${port}`]);
    for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
      expect((await fetch(`http://${host}:${port}/.well-known/openid-configuration`)).status).toBe(200);
    }
  });

  it("listens where host and port say, and says so when the port is taken", async () => {
    const first = await start({ host: "127.0.0.1" });
    expect(first.issuer).toBe(`http://127.0.0.1:${first.port}`);
    await expect(createTestIdp({ host: "127.0.0.1", port: first.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("goes offline and comes back with what it knew", async () => {
    const idp = await start();
    const { tokens } = await signIn(idp, { scope: "openid offline_access" });
    await idp.offline();
    await expect(fetch(idp.issuer)).rejects.toThrow();
    await idp.online();
    expect((await refresh(idp, tokens["refresh_token"])).status).toBe(200);
  });

  it("stops at once, though a connection is open and a request waits", async () => {
    const idp = await start({ intercept: () => true });
    const waiting = fetch(`${idp.issuer}/anything`).catch((error: unknown) => error);
    await fetch(idp.issuer, { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    const startedAtMs = Date.now();
    await idp.stop();
    expect(Date.now() - startedAtMs).toBeLessThan(5_000);
    expect(await waiting).toBeInstanceOf(Error);
    await idp.stop();
  });

  it("changes its keys, and keeps the old ones where it is told to", async () => {
    const idp = await start();
    const first = await keyIds(idp);
    idp.rotateKeys({ keepOld: true });
    const both = await keyIds(idp);
    expect(both).toEqual(expect.arrayContaining([...first]));
    expect(both.length).toBe(first.length * 2);
    idp.rotateKeys();
    expect((await keyIds(idp)).filter((kid) => both.includes(kid))).toEqual([]);
    await signIn(idp);
  });

  it("remembers requests with their parameters, and no more than 1,000 of them", async () => {
    const idp = await start();
    await requestTokens(idp, { grant_type: "client_credentials", scope: "api1" }, "service_client");
    expect(idp.requests.at(-1)).toMatchObject({
      method: "POST",
      path: "/connect/token",
      status: 200,
      parameters: { grant_type: "client_credentials", scope: "api1" },
    });
    for (let sent = 0; sent < 1_010; sent += 101) {
      await Promise.all(Array.from({ length: 101 }, () => fetch(`${idp.issuer}/nothing`).then((r) => r.text())));
    }
    expect(idp.requests).toHaveLength(1_000);
  });

  it("lets a test fail one endpoint, or wait", async () => {
    const idp = await start({
      delayMs: 50,
      intercept: (req, res) => {
        if (req.url !== "/connect/token") return false;
        res.writeHead(503).end("{}");
        return true;
      },
    });
    expect((await requestTokens(idp, { grant_type: "refresh_token" })).status).toBe(503);
    const startedAtMs = Date.now();
    expect((await fetch(`${idp.issuer}/.well-known/openid-configuration`)).status).toBe(200);
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(45);
  });

  it("takes own users, clients, lifetimes and configuration", async () => {
    const idp = await start({
      users: [{ username: "dora", password: "p", sub: "d-1", claims: { name: "Dora", department: "sales" } }],
      clients: [{ client_id: "mine", client_secret: "secret", redirect_uris: ["https://app.test/signin-oidc"] }],
      lifetimes: { accessToken: 7 },
      extra: { features: { revocation: { enabled: false } } },
    });
    const { tokens } = await signIn(idp, { client_id: "mine" }, { username: "dora", password: "p" });
    expect(tokens["expires_in"]).toBe(7);
    const metadata = await (await fetch(`${idp.issuer}/.well-known/openid-configuration`)).json();
    expect(metadata.revocation_endpoint).toBeUndefined();
    expect(metadata.introspection_endpoint).toBeDefined();
  });
});

describe("a process with the test provider", () => {
  it("prints nothing: at import, in use, for broken requests and at the end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "silent-idp-"));
    const built = join(folder, "built");
    await run(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json", "--outDir", built], root);
    const script = join(folder, "use.mjs");
    await writeFile(script, SCRIPT(join(built, "testing.js")));
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    // The build is outside the project; its packages are not.
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    expect(await run(process.execPath, [script], folder)).toEqual({ code: 0, stdout: "", stderr: "" });
    await rm(folder, { recursive: true, force: true });
  }, 60_000);
});

const SCRIPT = (entry: string) => `
import { connect } from "node:net";
import { createTestIdp } from ${JSON.stringify(entry)};
const idp = await createTestIdp();
for (const path of ["/.well-known/openid-configuration", "/connect/authorize", "/%E0%A4%A", "/interaction/x", "/idp.css"]) {
  await fetch(idp.issuer + path).then((answer) => answer.text());
}
for (const path of ["/connect/token", "/connect/par", "/connect/userinfo", "/connect/introspect", "/connect/endsession"]) {
  for (const body of ["%%%", "{", "a".repeat(200_000), new URLSearchParams({ id_token_hint: "a.b.c", token: "x" })]) {
    await fetch(idp.issuer + path, { method: "POST", body }).then((answer) => answer.text()).catch(() => {});
  }
}
// A request that breaks off in its body.
await new Promise((resolve) => {
  const socket = connect(idp.port, "127.0.0.1", () => {
    socket.write("POST /connect/token HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Type: application/x-www-form-urlencoded\\r\\nContent-Length: 100\\r\\n\\r\\nhalf");
    setTimeout(() => socket.destroy(), 50);
  }).on("close", resolve);
});
idp.rotateKeys();
await idp.stop();
`;

function run(command: string, args: readonly string[], cwd: string): Promise<object> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { PATH: process.env["PATH"] ?? "" } });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
