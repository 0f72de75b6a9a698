import { callable, record } from "./checks.js";
import type { Problems } from "./problems.js";

/**
 * Handlers by name, each bound to the object they stand in: that may be of a class of the app's own, whose methods use
 * `this`.
 */
export function handlers<Handlers extends object>(
  problems: Problems,
  path: string,
  given: unknown,
  names: Readonly<Record<keyof Handlers, true>>,
): Handlers {
  const found = record(problems, path, given) as Readonly<Record<string, unknown>>;
  problems.unknownKeys(path, found, names);
  const bound: [string, unknown][] = [];
  for (const name of Object.keys(names)) {
    const handler = found[name];
    callable(problems, `${path}.${name}`, handler);
    if (typeof handler === "function") bound.push([name, handler.bind(found)]);
  }
  return Object.freeze(Object.fromEntries(bound)) as Handlers;
}
