import type { ClientTokenOptions } from "../options/refresh-options.js";
import { type ClientToken, requestClientToken } from "../protocol/client-credentials.js";
import type { Provider } from "../protocol/provider.js";
import { renewAtSeconds } from "../protocol/token-lifetime.js";
import { ExpiringMap } from "../session/expiring-map.js";

/** Tokens of different scopes and resources; an app has a handful. */
const LIMIT = 100;

/** A token without an end, or with one far away, is asked for anew this often. */
const LONGEST_SECONDS = 3_600;

/** The app's own tokens, each asked for once and kept until shortly before its end. */
export function createClientTokens(provider: Provider): (options: ClientTokenOptions) => Promise<string> {
  const { now, refresh } = provider.options;
  const tokens = new ExpiringMap<string>(LIMIT, now);
  const running = new Map<string, Promise<ClientToken>>();
  return async ({ scope, resource }) => {
    const text = typeof scope === "string" ? scope : scope?.join(" ");
    const key = JSON.stringify([text ?? "", resource ?? ""]);
    const known = tokens.get(key);
    if (known !== undefined) return known;
    let run = running.get(key);
    if (run === undefined) {
      run = requestClientToken(provider, text, resource).finally(() => running.delete(key));
      running.set(key, run);
      const token = await run;
      const end = Math.min(renewAtSeconds(token, refresh.beforeSeconds), now() + LONGEST_SECONDS);
      tokens.delete(key);
      tokens.set(key, token.accessToken, end);
      return token.accessToken;
    }
    return (await run).accessToken;
  };
}
