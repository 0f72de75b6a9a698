import type { Reporter, TestModule } from "vitest/node";

interface Row {
  readonly plan: string;
  readonly name: string;
  readonly outcome: string;
}

/** Closes a run with the conformance modules in a table. */
export default class TableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules.filter(({ moduleId }) => moduleId.includes("/test/conformance/")).flatMap(rowsOf);
    if (rows.length === 0) return;
    rows.sort((a, b) => `${a.plan} ${a.name}`.localeCompare(`${b.plan} ${b.name}`));
    const widest = (column: "plan" | "name") => Math.max(...rows.map((row) => row[column].length));
    const [plan, name] = [widest("plan"), widest("name")];
    console.log('\nConformance of the relying party ("own": in no plan of the OpenID Foundation)');
    for (const row of rows) console.log(`  ${row.plan.padEnd(plan)}  ${row.name.padEnd(name)}  ${row.outcome}`);
    const passed = rows.filter(({ outcome }) => outcome === "passed").length;
    console.log(`  ${passed} passed, ${rows.length - passed} failed\n`);
  }
}

function rowsOf(module: TestModule): Row[] {
  const plan = /\/test\/conformance\/([^/]+)\//.exec(module.moduleId)?.[1] ?? "";
  const rows = [...module.children.allTests()].map((one) => ({ plan, name: one.name, outcome: one.result().state }));
  // A file that could not be loaded has no tests, and would otherwise look like nothing at all.
  if (rows.length === 0 || module.errors().length > 0) rows.push({ plan, name: module.moduleId, outcome: "failed" });
  return rows;
}
