import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cluster, startCluster } from "../../example-app/src/cluster.js";
import { Browser } from "../support/browser.js";
import { findProgram } from "../support/required-program.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const isMissing = findProgram("redis-server", "apt-get install redis-server") === undefined;

let cluster: Cluster;

beforeAll(async () => {
  if (isMissing) return;
  // The nodes are processes of their own, and run what `npm run build:example` makes.
  await run("npx", ["tsc", "-p", "example-app"], { cwd: root });
  cluster = await startCluster({
    entry: fileURLToPath(new URL("../../example-app/dist/node.js", import.meta.url)),
    idp: { lifetimes: { accessToken: 62 } },
  });
}, 60_000);
afterAll(() => cluster?.stop());

const refreshes = () =>
  cluster.idp.requests.filter(({ parameters }) => parameters["grant_type"] === "refresh_token").length;

const me = (browser: Browser) => browser.fetch(`${cluster.url}/api/me`);

describe.skipIf(isMissing)("two nodes behind a round-robin proxy", () => {
  it("sign in, whichever node each step meets", async () => {
    const browser = new Browser();
    const page = await browser.signIn(`${cluster.url}/profile`);
    expect([page.status, page.body.includes("Alice Smith")]).toEqual([200, true]);
    const nodes = new Set<string | null>();
    for (let i = 0; i < 4; i++) {
      const answer = await me(browser);
      expect(answer.status).toBe(200);
      nodes.add(answer.headers.get("x-node"));
    }
    expect(nodes.size).toBe(2);
  });

  it("refresh once for 50 requests on both", async () => {
    const browser = new Browser();
    await browser.signIn(`${cluster.url}/profile`);
    const before = refreshes();
    // Tokens live for 62 s, and are renewed 60 s before that.
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const begun = performance.now();
    const pages = await Promise.all(
      Array.from({ length: 50 }, () => new Browser(browser.jar.clone()).request(`${cluster.url}/messages`)),
    );
    const failures = pages.filter(({ status }) => status !== 200).length;
    const took = (performance.now() - begun).toFixed(0);
    console.log(`two processes, storm of 50: ${refreshes() - before} refresh, ${failures} failures, ${took} ms`);
    expect([refreshes() - before, failures]).toEqual([1, 0]);
    expect((await me(browser)).status).toBe(200);
  });

  it("take a back-channel logout, whichever node it meets", async () => {
    const [browser, other] = [new Browser(), new Browser()];
    for (const one of [browser, other]) await one.signIn(`${cluster.url}/profile`);
    // A logout at the provider, as another app would cause it: the provider tells this one, at one of its nodes.
    const { url } = await browser.request(`${cluster.idp.issuer}/connect/endsession`);
    const question = browser.history.at(-1);
    expect(url).toContain("/connect/endsession");
    if (question !== undefined) await browser.submit(question, { logout: "yes" });
    for (let i = 0; i < 4; i++) expect((await me(browser)).status).toBe(401);
    for (let i = 0; i < 4; i++) expect((await me(other)).status).toBe(200);
  });

  it("finish a sign-in during which a node went down and came back", async () => {
    const browser = new Browser();
    const callback = await browser.signInUpToCallback(`${cluster.url}/profile?x=1`);
    await cluster.restart(0);
    const page = await browser.open(callback);
    expect([page.status, page.url]).toEqual([200, `${cluster.url}/profile?x=1`]);
    for (let i = 0; i < 4; i++) expect((await me(browser)).status).toBe(200);
  }, 30_000);

  it("answer 503 while Redis is away, serve public pages, and recover", async () => {
    const browser = new Browser();
    await browser.signIn(`${cluster.url}/profile`);
    await cluster.redis.kill();
    const begun = performance.now();
    for (let i = 0; i < 2; i++) {
      const answer = await me(browser);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"]);
      expect((await new Browser().request(`${cluster.url}/`)).status).toBe(200);
    }
    console.log(`two processes, Redis away: 503 after ${((performance.now() - begun) / 2).toFixed(0)} ms`);
    await cluster.redis.start();
    let status = 503;
    for (let attempt = 0; attempt < 50 && status === 503; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const answers = await Promise.all([me(browser), me(browser)]);
      status = Math.max(...answers.map((answer) => answer.status));
    }
    expect(status).toBe(401);
    expect((await browser.signIn(`${cluster.url}/profile`)).status).toBe(200);
  }, 30_000);
});
