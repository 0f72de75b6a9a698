import {
  cookie,
  cookieName,
  flag,
  MOST_TIMEOUT_SECONDS,
  type ResolvedCookieOptions,
  record,
  seconds,
} from "./checks.js";
import { handlers } from "./handlers.js";
import type { Problems } from "./problems.js";
import { secrets } from "./secrets.js";
import type { SessionEvents } from "./session-events.js";
import type { RevocationStore, SessionOptions, SessionStore } from "./session-options.js";

/** The cookie scheme's options, checked, with every default in place. */
export interface ResolvedSessionOptions {
  readonly secrets: readonly string[];
  readonly name: string;
  readonly expireTimeSpanSeconds: number;
  readonly slidingExpiration: boolean;
  readonly absoluteLifetimeSeconds: number | undefined;
  readonly persistent: boolean;
  readonly cookie: ResolvedCookieOptions;
  readonly store: SessionStore | undefined;
  readonly storeTimeoutSeconds: number;
  readonly revocations: RevocationStore | undefined;
  readonly events: SessionEvents;
  /** Without secret and store: the session is in the app's own express-session. */
  readonly isMounted: boolean;
}

const KEYS: Readonly<Record<keyof SessionOptions, true>> = {
  secret: true,
  name: true,
  expireTimeSpan: true,
  slidingExpiration: true,
  absoluteLifetime: true,
  persistent: true,
  cookie: true,
  store: true,
  storeTimeout: true,
  revocations: true,
  events: true,
};

/** @param mayBeMounted the app's own express-session will do when `given` names neither secret nor store */
export function resolveSessionOptions(
  problems: Problems,
  path: string,
  given: unknown,
  mayBeMounted: boolean,
): ResolvedSessionOptions {
  const options: SessionOptions = record(problems, path, given);
  problems.unknownKeys(path, options, KEYS);
  // A secret that is there and undefined is one that the environment lacks.
  const isMounted = mayBeMounted && !("secret" in options) && !("store" in options);
  return Object.freeze({
    isMounted,
    secrets: isMounted ? [] : secrets(problems, `${path}.secret`, options.secret),
    events: handlers<SessionEvents>(problems, `${path}.events`, options.events, EVENT_KEYS),
    store: store(problems, `${path}.store`, options.store),
    revocations: revocations(problems, `${path}.revocations`, options),
    storeTimeoutSeconds: seconds(problems, `${path}.storeTimeout`, options.storeTimeout, 2, {
      least: 0.01,
      most: MOST_TIMEOUT_SECONDS,
    }),
    name: cookieName(problems, `${path}.name`, options.name, "oidc"),
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

const EVENT_KEYS: Readonly<Record<keyof SessionEvents, true>> = {
  onValidatePrincipal: true,
  onSigningIn: true,
  onSignedIn: true,
  onSigningOut: true,
  onCheckSlidingExpiration: true,
};

function store(problems: Problems, path: string, given: unknown): SessionStore | undefined {
  if (given === undefined) return undefined;
  const found = record(problems, path, given) as Partial<SessionStore>;
  const missing = (["get", "set", "destroy"] as const).filter((name) => typeof found[name] !== "function");
  if (missing.length > 0) {
    const names = missing.map((name) => `${name}()`).join(", ");
    problems.add(path, `has no ${names}: give a store of express-session, such as new RedisStore({ client }).`);
  }
  return found as SessionStore;
}

function revocations(problems: Problems, path: string, options: SessionOptions): RevocationStore | undefined {
  if (options.revocations === undefined) return undefined;
  const found = record(problems, path, options.revocations) as Partial<RevocationStore>;
  for (const name of ["get", "set"] as const) {
    if (typeof found[name] !== "function") {
      problems.add(path, `has no ${name}(): give { get(key), set(key, value, ttlSeconds) }, both async.`);
    }
  }
  if (options.store !== undefined) {
    problems.add(
      path,
      "is for sessions in the cookie; those in session.store end everywhere without it. Leave it out.",
    );
  }
  return found as RevocationStore;
}
