import type { Claims } from "../model.js";
import type { EventHandler } from "../options/events.js";

/** What an event handler decided, thrown to leave the flow that raised it. */
export class Interruption {
  readonly kind: "handled" | "skip" | "success";
  /** With "success": the claims that were accepted. */
  readonly claims: Claims | undefined;

  constructor(kind: "handled" | "skip" | "success", claims: Claims | undefined) {
    this.kind = kind;
    this.claims = claims;
  }
}

/** A failure that an event handler asked for: it goes straight to the failure path. */
export class FailedByEvent {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

type Verbs = "handled" | "skip" | "fail" | "success";

const ALL: readonly Verbs[] = ["handled", "skip", "fail", "success"];

/**
 * Calls a handler with its context and the verbs. The context comes back as the handler left it.
 *
 * @param verbs those that the event has; one that its flow knows no end for would leave the browser waiting
 * @throws Interruption when the handler answered, skipped or accepted; FailedByEvent when it failed the sign-in
 */
export async function raise<Context extends object>(
  handler: EventHandler<Context> | undefined,
  given: Omit<Context, Verbs>,
  verbs: readonly Verbs[] = ALL,
): Promise<Omit<Context, Verbs>> {
  if (handler === undefined) return given;
  let decision: (() => Interruption | FailedByEvent) | undefined;
  const methods: Readonly<Record<Verbs, unknown>> = {
    handled: () => {
      decision = () => new Interruption("handled", undefined);
    },
    skip: () => {
      decision = () => new Interruption("skip", undefined);
    },
    fail: (error: Error | string) => {
      decision = () => new FailedByEvent(error instanceof Error ? error : new Error(error));
    },
    success: () => {
      decision = () => new Interruption("success", (context as { claims?: Claims }).claims);
    },
  };
  const context = Object.assign(given, Object.fromEntries(verbs.map((verb) => [verb, methods[verb]])));
  await handler(context as unknown as Context);
  if (decision !== undefined) throw decision();
  return given;
}
