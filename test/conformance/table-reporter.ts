import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with the conformance modules in a table. */
export default class TableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules
      .filter(({ moduleId }) => moduleId.includes("/test/conformance/"))
      .flatMap((module) => [...module.children.allTests()].map((one) => ({ plan: planOf(module.moduleId), one })));
    if (rows.length === 0) return;
    rows.sort((a, b) => `${a.plan} ${a.one.name}`.localeCompare(`${b.plan} ${b.one.name}`));
    const width = Math.max(...rows.map(({ one }) => one.name.length));
    console.log("\nConformance of the relying party");
    for (const { plan, one } of rows) {
      console.log(`  ${plan.padEnd(10)} ${one.name.padEnd(width)}  ${one.result().state}`);
    }
    const count = (state: string) => rows.filter(({ one }) => one.result().state === state).length;
    console.log(`  ${count("passed")} passed, ${rows.length - count("passed")} failed\n`);
  }
}

function planOf(moduleId: string): string {
  return /\/test\/conformance\/([^/]+)\//.exec(moduleId)?.[1] ?? "";
}
