import type { Handled } from "../authentication/scheme-registry.js";

/** Express's `next`, of either major. */
export type Next = (error?: unknown) => void;

/**
 * The one place where asynchronous work meets Express. Given `next`, nothing rejects: Express 4 would crash on it.
 * Without it, the caller awaits.
 */
export function answer(work: () => Promise<Handled | undefined>, next: Next | undefined): Promise<void> {
  const done = work();
  if (next === undefined) return done.then(() => undefined);
  return done.then(
    (handled) => {
      if (handled === "skipped") next();
    },
    (error: unknown) => next(error),
  );
}
