import { ConfigurationError, type ConfigurationErrorCode } from "../errors.js";

/** Collects everything that is wrong with an options object, so that one start tells it all. */
export class Problems {
  readonly #found: string[] = [];

  add(path: string, reason: string): void {
    this.#found.push(`${path}: ${reason}`);
  }

  /** Adds a problem for each key that is not known, with the likeliest right name. */
  unknownKeys(path: string, given: object, known: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(known);
    for (const key of Object.keys(given)) {
      if (Object.hasOwn(known, key)) continue;
      const meant = closest(key, names);
      const at = path === "" ? key : `${path}.${key}`;
      this.add(at, `unknown option.${meant === undefined ? "" : ` Did you mean "${meant}"?`}`);
    }
  }

  /** @throws ConfigurationError that lists every problem. */
  throwIfAny(what: string, code: ConfigurationErrorCode = "ERR_OIDC_INVALID_OPTIONS"): void {
    if (this.#found.length === 0) return;
    const list = this.#found.map((problem) => `  - ${problem}`).join("\n");
    throw new ConfigurationError(code, `${what} has invalid options:\n${list}`);
  }
}

/** Names of other libraries and of ASP.NET Core, for those who come from there. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  issuer: ["authority", "validIssuers"],
  issuers: ["validIssuers"],
  issuerbaseurl: ["authority"],
  domain: ["authority"],
  scopes: ["scope"],
  pkce: ["usePkce"],
  baseurl: ["baseUrl"],
  appbaseurl: ["baseUrl"],
  secret: ["session"],
  secrets: ["secret"],
  cookiesecret: ["session"],
  redirecturi: ["callbackPath"],
  nonceclocktolerance: ["tokenValidation"],
  clocktolerance: ["tokenValidation"],
  clockskew: ["tokenValidation", "clockTolerance"],
  expiretimespan: ["expireTimeSpan"],
  maxage: ["maxAge", "expireTimeSpan"],
  lifetime: ["expireTimeSpan"],
  remoteauthenticationtimeout: ["transaction"],
  backchannelhttphandler: ["fetch"],
  tokenvalidationparameters: ["tokenValidation"],
  algorithm: ["alg"],
};

function closest(key: string, names: readonly string[]): string | undefined {
  const lower = key.toLowerCase();
  const same = names.find((name) => name.toLowerCase() === lower);
  if (same !== undefined) return same;
  const other = Object.hasOwn(OTHER_NAMES, lower)
    ? OTHER_NAMES[lower]?.find((name) => names.includes(name))
    : undefined;
  if (other !== undefined) return other;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(key.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(lower, name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best ?? sharedBeginning(lower, names);
}

/** "callbackUrl" is far from "callbackPath" by letters, and close by meaning. */
function sharedBeginning(key: string, names: readonly string[]): string | undefined {
  for (let length = key.length; length >= 6; length--) {
    const beginning = key.slice(0, length);
    const found = names.find((name) => name.toLowerCase().startsWith(beginning));
    if (found !== undefined) return found;
  }
  return undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
