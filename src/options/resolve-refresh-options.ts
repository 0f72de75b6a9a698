import { callable, oneOf, record, seconds } from "./checks.js";
import type { Problems } from "./problems.js";
import type { RefreshCoordinator, RefreshOptions } from "./refresh-options.js";

export interface ResolvedRefreshOptions {
  readonly beforeSeconds: number;
  /** `undefined`: within this process. */
  readonly coordinator: RefreshCoordinator | undefined;
  readonly onInvalidGrant: "signOut" | "keep";
}

const KEYS: Readonly<Record<keyof RefreshOptions, true>> = { before: true, coordinator: true, onInvalidGrant: true };

export function resolveRefreshOptions(problems: Problems, given: unknown): ResolvedRefreshOptions {
  const options: RefreshOptions = record(problems, "refresh", given);
  problems.unknownKeys("refresh", options, KEYS);
  if (options.coordinator !== undefined) {
    const coordinator: Partial<RefreshCoordinator> = record(problems, "refresh.coordinator", options.coordinator);
    if (coordinator.once === undefined) {
      problems.add("refresh.coordinator", "has no once(): give redisCoordinator(client), or leave it out.");
    }
    callable(problems, "refresh.coordinator.once", coordinator.once);
    callable(problems, "refresh.coordinator.forget", coordinator.forget);
  }
  return {
    beforeSeconds: seconds(problems, "refresh.before", options.before, 60, { least: 0 }),
    coordinator: options.coordinator,
    onInvalidGrant: oneOf(problems, "refresh.onInvalidGrant", options.onInvalidGrant, ["signOut", "keep"]) ?? "signOut",
  };
}
