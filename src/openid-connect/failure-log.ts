import { isInternal } from "../errors.js";
import type { Remote } from "./remote.js";

/**
 * What fails is in the log too: an error page shows it to whoever asked, and in production not even that. What
 * developers and operators have to act on is an error there, the rest a warning.
 */
export function logFailure(remote: Remote, event: string, error: unknown): void {
  const { logger } = remote.options;
  if (logger === undefined || !(error instanceof Error)) return;
  const entry = { event, scheme: remote.name, code: (error as { readonly code?: unknown }).code };
  if (isInternal(error)) logger.error?.(entry, error.message);
  else logger.warn?.(entry, error.message);
}

/** Answers what `work` does; its failure goes on, logged. */
export async function logged<T>(remote: Remote, event: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    logFailure(remote, event, error);
    throw error;
  }
}
