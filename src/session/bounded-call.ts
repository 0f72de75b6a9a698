import { SessionStoreError } from "../errors.js";

/** Node's callback: an error, or what was asked for. */
export type Done<T> = (error?: unknown, value?: T) => void;

/**
 * Runs one call of a store, in whichever manner that answers, and ends in time.
 *
 * @param name of the call, for messages
 * @throws SessionStoreError `ERR_OIDC_STORE_UNAVAILABLE` when it fails or takes longer than `timeoutSeconds`
 */
export function boundedCall<T>(
  name: string,
  timeoutSeconds: number,
  run: (done: Done<T>) => unknown,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(unavailable(`${name}() did not answer within ${timeoutSeconds} s (session.storeTimeout)`, undefined));
    }, timeoutSeconds * 1000);
    timer.unref();
    // A callback may come late, twice, or not at all; a promise takes the first answer and no other.
    const done: Done<T> = (error, value) => {
      clearTimeout(timer);
      if (error) reject(unavailable(`${name}() failed`, error));
      else resolve(value);
    };
    try {
      const returned: unknown = run(done);
      if (returned instanceof Promise) returned.catch((error: unknown) => done(error ?? new Error("rejected")));
    } catch (error) {
      done(error ?? new Error("thrown"));
    }
  });
}

/**
 * What a store of files says of what is not there: an error `ENOENT`, which express-session takes for no session too. From
 * a socket it means that nobody listens.
 */
export function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error: Error) => {
    const cause = error.cause as { readonly code?: unknown; readonly syscall?: unknown } | null | undefined;
    if (cause?.code === "ENOENT" && cause.syscall !== "connect") return undefined;
    throw error;
  });
}

function unavailable(finding: string, cause: unknown): SessionStoreError {
  return new SessionStoreError(
    "ERR_OIDC_STORE_UNAVAILABLE",
    `The session store cannot be used: ${finding}. Is it running, and reachable from here?`,
    { cause, headers: { "retry-after": "2" } },
  );
}
