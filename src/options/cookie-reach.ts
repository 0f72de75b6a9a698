import { warnOnce } from "../warnings.js";
import type { ResolvedCookieOptions } from "./checks.js";
import type { Problems } from "./problems.js";
import { isPosted } from "./resolve-flow.js";
import { isLoopback } from "./resolve-metadata-source.js";
import type { ResolvedOpenIdConnectOptions } from "./resolve-open-id-connect-options.js";
import type { ResolvedSessionOptions } from "./resolve-session-options.js";

/**
 * What can be told at start of cookies that browsers would not keep, or not send back: with `baseUrl` it is known which
 * connection, host and path they are for.
 */
export function assertCookiesReturn(
  problems: Problems,
  session: ResolvedSessionOptions,
  remote: ResolvedOpenIdConnectOptions,
): void {
  // A mounted session's cookie is express-session's own.
  if (!session.isMounted) {
    assertKept(problems, "session.cookie", session.cookie, remote);
    warnOfStrict("session.cookie.sameSite", session.cookie, remote);
  }
  const { cookie } = remote.transaction;
  if (cookie === undefined) return;
  assertKept(problems, "transaction.cookie", cookie, remote);
  // With an answer that is posted, this cookie is None whatever the options say.
  if (!isPosted(remote.responseMode)) warnOfStrict("transaction.cookie.sameSite", cookie, remote);
}

function assertKept(
  problems: Problems,
  path: string,
  { secure, sameSite, partitioned, domain, path: cookiePath }: ResolvedCookieOptions,
  { baseUrl }: ResolvedOpenIdConnectOptions,
): void {
  if (partitioned && secure === false) {
    problems.add(`${path}.partitioned`, 'is true, which browsers accept with Secure alone; leave `secure` at "auto".');
  }
  if (baseUrl === undefined) return;
  const { protocol, hostname } = new URL(baseUrl.origin);
  if (protocol === "http:") {
    const wanted = [
      secure === true && "secure",
      secure === "auto" && sameSite === "none" && "sameSite",
      secure === "auto" && partitioned && "partitioned",
    ].filter((name) => name !== false);
    for (const name of wanted) {
      // Browsers take a Secure cookie on loopback http; only those that need Secure and would not have it are lost there.
      if (name === "secure" && isLoopback(hostname)) continue;
      problems.add(`${path}.${name}`, "needs https, and baseUrl is http: browsers would drop the cookie.");
    }
  } else if (secure === false) {
    warnOnce(
      "OIDC_INSECURE_COOKIE",
      `${path}.secure is false, and baseUrl is https: the cookie goes over plain http too. Leave it at "auto".`,
      path,
    );
  }
  const site = domain?.replace(/^\./, "").toLowerCase();
  if (site !== undefined && hostname !== site && !hostname.endsWith(`.${site}`)) {
    problems.add(`${path}.domain`, `is "${domain}", and baseUrl is on ${hostname}: browsers would drop the cookie.`);
  }
  if (cookiePath !== undefined && !isBelow(cookiePath, baseUrl.prefix) && !isBelow(baseUrl.prefix, cookiePath)) {
    problems.add(
      `${path}.path`,
      `is "${cookiePath}", and the app is at ${baseUrl.prefix}: the cookie would not come back.`,
    );
  }
}

function isBelow(path: string, parent: string): boolean {
  return `${path}/`.replace(/\/+$/, "/").startsWith(`${parent}/`.replace(/\/+$/, "/"));
}

/** Strict works where provider and app are one site; which hosts are one, nobody can tell without a list of suffixes. */
function warnOfStrict(path: string, { sameSite }: ResolvedCookieOptions, remote: ResolvedOpenIdConnectOptions): void {
  if (sameSite !== "strict" || isSameSite(remote)) return;
  warnOnce(
    "OIDC_SAMESITE_STRICT",
    `${path} is "strict": browsers leave the cookie out on the way back from a provider on another site, and the sign-in is lost. Use "lax".`,
    path,
  );
}

function isSameSite({ baseUrl, metadata }: ResolvedOpenIdConnectOptions): boolean {
  const provider = metadata.kind === "static" ? metadata.metadata.issuer : metadata.url;
  if (baseUrl === undefined || !URL.canParse(provider)) return false;
  const [own, other] = [new URL(baseUrl.origin).hostname, new URL(provider).hostname].map((host) =>
    host.split(".").slice(-2).join("."),
  );
  return own === other;
}
