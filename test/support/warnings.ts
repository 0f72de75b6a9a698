import { afterEach, beforeEach, vi } from "vitest";

/** What a test's code warns of by `process.emitWarning`; empty at the beginning of each. */
export function useWarnings(): readonly string[] {
  const warnings: string[] = [];
  let emitWarning: ReturnType<typeof vi.spyOn> | undefined;
  beforeEach(() => {
    warnings.length = 0;
    emitWarning = vi.spyOn(process, "emitWarning").mockImplementation((warning: unknown) => {
      warnings.push(String(warning));
    });
  });
  afterEach(() => emitWarning?.mockRestore());
  return warnings;
}
