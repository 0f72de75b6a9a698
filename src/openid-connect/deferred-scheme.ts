import type { Endpoint, RemoteScheme } from "../authentication/scheme-registry.js";
import { clearCorrelationCookies, type Remote } from "./remote.js";

/**
 * The scheme, its code and that of the protocol loaded by the first request that needs them: most of what there is to
 * load speaks to the provider, and an app that only serves pages, or has just begun to, need not wait for it.
 */
export function createDeferredScheme(remote: Remote): RemoteScheme {
  let loaded: Promise<RemoteScheme> | undefined;
  const scheme = (): Promise<RemoteScheme> => {
    loaded ??= import("./open-id-connect-scheme.js").then((module) => module.createOpenIdConnectScheme(remote));
    return loaded;
  };
  const paths: readonly (string | undefined)[] = Object.values(remote.options.paths);
  const endpoint = (path: string): readonly [string, Endpoint] => [
    path,
    async (...given) => {
      const answer = (await scheme()).endpoints.get(path);
      return answer === undefined ? "skipped" : answer(...given);
    },
  ];
  return {
    name: remote.name,
    endpoints: new Map(paths.filter((path) => path !== undefined).map(endpoint)),
    challenge: async (...given) => (await scheme()).challenge(...given),
    signOut: async (...given) => (await scheme()).signOut(...given),
    forget: (exchange) => clearCorrelationCookies(remote, exchange),
    newestTokens: async (current) => (await scheme()).newestTokens(current),
    revokeTokens: async (...given) => (await scheme()).revokeTokens(...given),
    issuer: async () => (await scheme()).issuer(),
    fetchUserInfo: async (current) => (await scheme()).fetchUserInfo(current),
    accessToken: async (...given) => (await scheme()).accessToken(...given),
    clientToken: async (options) => (await scheme()).clientToken(options),
    fetch: async (...given) => (await scheme()).fetch(...given),
  };
}
