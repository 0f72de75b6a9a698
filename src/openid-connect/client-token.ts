import type { ClientTokenOptions } from "../options/refresh-options.js";
import { type ClientToken, requestClientToken } from "../protocol/client-credentials.js";
import type { Provider } from "../protocol/provider.js";
import { renewAtSeconds } from "../protocol/token-lifetime.js";
import { ExpiringMap } from "../session/expiring-map.js";

/** Tokens of different scopes and resources; an app has a handful. */
const LIMIT = 100;

/** A token without an end, or with one far away, is asked for anew this often. */
const LONGEST_SECONDS = 3_600;

/** A token, and from when on the next is asked for. */
interface KeptToken extends ClientToken {
  readonly renewAtSeconds: number;
}

/**
 * The app's own tokens, each asked for once and kept until shortly before its end. One that still lives serves to its end
 * when no other can be had.
 */
export function createClientTokens(provider: Provider): (options: ClientTokenOptions) => Promise<string> {
  const { now, refresh } = provider.options;
  const tokens = new ExpiringMap<KeptToken>(LIMIT, now);
  const running = new Map<string, Promise<ClientToken>>();

  const renew = async (key: string, scope: string | undefined, resource: string | undefined): Promise<ClientToken> => {
    const token = await requestClientToken(provider, scope, resource);
    const renewAt = Math.min(renewAtSeconds(token, refresh.beforeSeconds), now() + LONGEST_SECONDS);
    tokens.delete(key);
    tokens.set(key, { ...token, renewAtSeconds: renewAt }, token.expiresAtSeconds ?? Number.POSITIVE_INFINITY);
    return token;
  };

  return async ({ scope, resource }) => {
    const text = typeof scope === "string" ? scope : scope?.join(" ");
    const key = JSON.stringify([text ?? "", resource ?? ""]);
    const known = tokens.get(key);
    if (known !== undefined && known.renewAtSeconds > now()) return known.accessToken;
    let run = running.get(key);
    if (run === undefined) {
      run = renew(key, text, resource).finally(() => running.delete(key));
      running.set(key, run);
    }
    try {
      return (await run).accessToken;
    } catch (error) {
      const old = tokens.get(key);
      if (old === undefined) throw error;
      return old.accessToken;
    }
  };
}
