import { cookie, cookieName, type ResolvedCookieOptions, record, seconds } from "./checks.js";
import type { TransactionOptions } from "./open-id-connect-options.js";
import type { Problems } from "./problems.js";
import { secrets } from "./secrets.js";

/** How a login on its way is kept. */
export interface ResolvedTransactionOptions {
  readonly lifetimeSeconds: number;
  /** `undefined`: the session's. */
  readonly secrets: readonly string[] | undefined;
  readonly name: string;
  readonly cookie: ResolvedCookieOptions | undefined;
}

const KEYS: Readonly<Record<keyof TransactionOptions, true>> = {
  lifetime: true,
  secret: true,
  name: true,
  cookie: true,
};

export function resolveTransactionOptions(problems: Problems, given: unknown): ResolvedTransactionOptions {
  const options: TransactionOptions = record(problems, "transaction", given);
  problems.unknownKeys("transaction", options, KEYS);
  return {
    lifetimeSeconds: seconds(problems, "transaction.lifetime", options.lifetime, 900),
    secrets: options.secret === undefined ? undefined : secrets(problems, "transaction.secret", options.secret),
    name: cookieName(problems, "transaction.name", options.name, "oidc.c"),
    cookie: options.cookie === undefined ? undefined : cookie(problems, "transaction.cookie", options.cookie),
  };
}
