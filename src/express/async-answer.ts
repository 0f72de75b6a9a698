import type { Handled } from "../authentication/scheme-registry.js";

/** Express's `next`, of either major. */
export type Next = (error?: unknown) => void;

/**
 * What a rejection gives to `next`. Nothing at all, or a word that Express knows ("route", "router"), would be no error
 * there: the request would go on to what a guard stands before.
 */
export function asFailure(reason: unknown): unknown {
  if (typeof reason === "object" && reason !== null) return reason;
  return new Error(`Something was thrown that is no error (${String(reason)}).`, { cause: reason });
}

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
    (error: unknown) => next(asFailure(error)),
  );
}
