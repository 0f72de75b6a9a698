import { AsyncLocalStorage } from "node:async_hooks";
import type Provider from "oidc-provider";
import { type SigningKey, tokenIdOf } from "./signing-keys.js";

const PATH = "/connect/userinfo";

interface Findable {
  find(value: string, ...rest: readonly unknown[]): Promise<{ aud?: unknown } | undefined>;
}

/**
 * A JWT access token is for its API alone, says oidc-provider. IdentityServer and others take one with scope openid at
 * userinfo too. So while userinfo is answered, a JWT that these keys signed is found by its `jti` like an opaque token,
 * without its audience: expiry, revoked grants, ended sessions and DPoP bindings count as they always do.
 *
 * The provider's store must hold the tokens' payloads under their `jti`.
 */
export function letUserInfoTakeApiTokens(provider: Provider, keys: readonly SigningKey[]): void {
  const isUserInfo = new AsyncLocalStorage<boolean>();
  const model = provider.AccessToken as unknown as Findable;
  const find = model.find.bind(model);
  model.find = async (value, ...rest) => {
    const jti = isUserInfo.getStore() === true ? tokenIdOf(value, keys) : undefined;
    const token = await find(jti ?? value, ...rest);
    if (jti !== undefined && token !== undefined) token.aud = undefined;
    return token;
  };
  provider.use((ctx, next) => (ctx.path === PATH ? isUserInfo.run(true, next) : next()));
}
