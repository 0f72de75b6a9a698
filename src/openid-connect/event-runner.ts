import type { ServerResponse } from "node:http";
import type { Claims } from "../model.js";
import type { EventHandler } from "../options/events.js";
import { warnOnce } from "../warnings.js";

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
 * Calls a handler with its context and the verbs. The context comes back as the handler left it. One that has answered
 * the response without saying so is taken to have handled it: nothing else could answer any more.
 *
 * @param verbs those that the event has; one that its flow knows no end for would leave the browser waiting
 * @throws Interruption when the handler answered, skipped or accepted; FailedByEvent when it failed the sign-in
 */
export async function raise<Context extends { readonly res: ServerResponse }>(
  handler: EventHandler<Context> | undefined,
  given: Omit<Context, Verbs> & { readonly res: ServerResponse },
  verbs: readonly Verbs[] = ALL,
): Promise<Omit<Context, Verbs>> {
  if (handler === undefined) return given;
  let decision: (() => Interruption | FailedByEvent) | undefined;
  let isOver = false;
  const decide = (made: () => Interruption | FailedByEvent) => {
    if (isOver) warnOfLateDecision(handler.name);
    decision = made;
  };
  const methods: Readonly<Record<Verbs, unknown>> = {
    handled: () => decide(() => new Interruption("handled", undefined)),
    skip: () => decide(() => new Interruption("skip", undefined)),
    fail: (error?: Error | string) => decide(() => new FailedByEvent(asError(error))),
    success: () => decide(() => new Interruption("success", (context as { claims?: Claims }).claims)),
  };
  const wasAnswered = given.res.headersSent;
  const context = Object.assign(given, Object.fromEntries(verbs.map((verb) => [verb, methods[verb]])));
  await handler(context as unknown as Context);
  isOver = true;
  if (decision !== undefined) throw decision();
  if (verbs.includes("handled") && !wasAnswered && given.res.headersSent) throw new Interruption("handled", undefined);
  return given;
}

function asError(given: Error | string | undefined): Error {
  return given instanceof Error ? given : new Error(given ?? "An event handler called fail(), and gave no reason.");
}

/** A check that nobody waits for lets everyone in. */
function warnOfLateDecision(boundName: string): void {
  const name = boundName.replace(/^bound /, "");
  warnOnce(
    "OIDC_LATE_DECISION",
    `${name === "" ? "An event handler" : name} decided (handled, skip, fail or success) after it had ended, which changes nothing any more. Make it async and await what it waits for, or return the promise.`,
    name,
  );
}
