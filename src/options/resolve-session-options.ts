import { cookie, flag, type ResolvedCookieOptions, record, seconds, secrets, text } from "./checks.js";
import type { Problems } from "./problems.js";
import type { SessionOptions } from "./session-options.js";

/** The cookie scheme's options, checked, with every default in place. */
export interface ResolvedSessionOptions {
  readonly secrets: readonly string[];
  readonly name: string;
  readonly expireTimeSpanSeconds: number;
  readonly slidingExpiration: boolean;
  readonly absoluteLifetimeSeconds: number | undefined;
  readonly persistent: boolean;
  readonly cookie: ResolvedCookieOptions;
}

const KEYS: Readonly<Record<keyof SessionOptions, true>> = {
  secret: true,
  name: true,
  expireTimeSpan: true,
  slidingExpiration: true,
  absoluteLifetime: true,
  persistent: true,
  cookie: true,
};

export function resolveSessionOptions(problems: Problems, path: string, given: unknown): ResolvedSessionOptions {
  const options: SessionOptions = record(problems, path, given);
  problems.unknownKeys(path, options, KEYS);
  return Object.freeze({
    secrets: secrets(problems, `${path}.secret`, options.secret),
    name: text(problems, `${path}.name`, options.name) ?? "oidc",
    expireTimeSpanSeconds: seconds(problems, `${path}.expireTimeSpan`, options.expireTimeSpan, 28_800),
    slidingExpiration: flag(problems, `${path}.slidingExpiration`, options.slidingExpiration, true),
    absoluteLifetimeSeconds:
      options.absoluteLifetime === undefined
        ? undefined
        : seconds(problems, `${path}.absoluteLifetime`, options.absoluteLifetime, 28_800),
    persistent: flag(problems, `${path}.persistent`, options.persistent, false),
    cookie: cookie(problems, `${path}.cookie`, options.cookie),
  });
}
