import { ownPath } from "./checks.js";
import type { OpenIdConnectOptions } from "./open-id-connect-options.js";
import type { Problems } from "./problems.js";

/** The paths that the middleware answers itself; `undefined` is switched off. */
export interface ResolvedPaths {
  readonly login: string | undefined;
  readonly logout: string | undefined;
  readonly callback: string;
  readonly signedOutCallback: string;
  readonly remoteSignOut: string | undefined;
  readonly backchannelLogout: string | undefined;
}

export function resolvePaths(problems: Problems, options: OpenIdConnectOptions): ResolvedPaths {
  const optional = (
    name: "loginPath" | "logoutPath" | "remoteSignOutPath" | "backchannelLogoutPath",
    fallback: string,
  ) => (options[name] === false ? undefined : ownPath(problems, name, options[name], fallback));
  const resolved: ResolvedPaths = {
    login: optional("loginPath", "/login"),
    logout: optional("logoutPath", "/logout"),
    callback: ownPath(problems, "callbackPath", options.callbackPath, "/signin-oidc"),
    signedOutCallback: ownPath(
      problems,
      "signedOutCallbackPath",
      options.signedOutCallbackPath,
      "/signout-callback-oidc",
    ),
    remoteSignOut: optional("remoteSignOutPath", "/signout-oidc"),
    backchannelLogout: optional("backchannelLogoutPath", "/backchannel-logout"),
  };
  const seen = new Map<string, string>();
  for (const [name, path] of Object.entries(resolved)) {
    if (path === undefined) continue;
    const other = seen.get(path);
    if (other !== undefined) problems.add(`${name}Path`, `is "${path}", and so is ${other}Path; each needs its own.`);
    seen.set(path, name);
  }
  for (const name of ["accessDeniedPath", "signedOutRedirectUri"] as const) {
    const own = seen.get(options[name] ?? "");
    if (own !== undefined) {
      problems.add(
        name,
        `is "${options[name]}", which is ${own}Path: a user who is sent there would go round. Give a page.`,
      );
    }
  }
  return resolved;
}
