/* Two nodes behind a round-robin proxy: `npm run start:two-nodes`. Each answer names its node in the header X-Node. */
import { startCluster } from "./cluster.js";

const cluster = await startCluster({ port: Number(process.env["PORT"] ?? 3000) }).catch((error: Error) => {
  console.error(`The two nodes cannot start: ${error.message}`);
  process.exit(1);
});

console.log(
  [
    "",
    `  Open  ${cluster.url}`,
    "",
    `  Nodes at ${cluster.nodes().join(" and ")}, sessions in Redis at ${cluster.redis.url}`,
    `  Test provider at ${cluster.idp.issuer}`,
    "  Sign in as  alice / Abcd@1234  (an administrator)",
    "          or  bob   / Abcd@1234",
    "",
  ].join("\n"),
);

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    void cluster.stop().then(() => process.exit(0));
  });
}
