import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { BoundedStore } from "./bounded-adapter.js";
import type { IdpRequest } from "./create-test-idp.js";
import type { OidcProviderLibrary } from "./load-oidc-provider.js";
import { type SigningKey, tokenIdOf } from "./signing-keys.js";
import { isLoopbackVariant, type TestClient } from "./test-clients.js";

/*
 * Where oidc-provider is stricter, or other, than the providers that apps meet: redirect URIs on any loopback port,
 * `offline_access` without `prompt=consent`, access tokens for an API that userinfo takes too.
 */

interface Manners {
  readonly keys: readonly SigningKey[];
  /** JWT access tokens by `jti`. */
  readonly accessTokens: BoundedStore;
  readonly onAnswered: (request: IdpRequest) => void;
}

export function adaptProvider(provider: Provider, manners: Manners): void {
  allowLoopback(provider);
  grantOfflineAccess(provider);
  provider.use(async (ctx, next) => {
    if (ctx.path === "/connect/userinfo") await takeApiToken(provider, ctx, manners);
    await next();
    manners.onAnswered({
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      parameters: { ...(ctx as Partial<KoaContextWithOIDC>).oidc?.params },
    });
  });
}

function allowLoopback(provider: Provider): void {
  const prototype = provider.Client.prototype as {
    redirectUriAllowed(uri: string): boolean;
    postLogoutRedirectUriAllowed(uri: string): boolean;
    readonly redirectUris?: readonly string[];
    readonly postLogoutRedirectUris?: readonly string[];
  };
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = prototype;
  prototype.redirectUriAllowed = function (uri) {
    return redirectUriAllowed.call(this, uri) || isLoopbackVariant(uri, this.redirectUris ?? []);
  };
  prototype.postLogoutRedirectUriAllowed = function (uri) {
    return postLogoutRedirectUriAllowed.call(this, uri) || isLoopbackVariant(uri, this.postLogoutRedirectUris ?? []);
  };
}

/** oidc-provider drops `offline_access` unless consent is asked for anew; most providers do not. */
function grantOfflineAccess(provider: Provider): void {
  const { prototype } = (provider as unknown as { readonly OIDCContext: { readonly prototype: object } }).OIDCContext;
  const prompts = Object.getOwnPropertyDescriptor(prototype, "prompts")?.get;
  if (prompts === undefined) return;
  Object.defineProperty(prototype, "prompts", {
    configurable: true,
    get(this: { readonly params?: Readonly<Record<string, unknown>> }) {
      const asked = prompts.call(this) as Set<string>;
      const { scope } = this.params ?? {};
      if (!asked.has("none") && typeof scope === "string" && scope.split(" ").includes("offline_access")) {
        asked.add("consent");
      }
      return asked;
    },
  });
}

/** oidc-provider's policy, with the consent page only where the client wants one or the request itself asks for it. */
export function createPolicy(library: OidcProviderLibrary, clients: ReadonlyMap<string, TestClient>): object {
  const { interactionPolicy } = library;
  const policy = interactionPolicy.base();
  const consent = policy.get("consent");
  if (consent === undefined) throw new Error("oidc-provider has no consent prompt.");
  consent.checks.remove("consent_prompt");
  consent.checks.add(
    new interactionPolicy.Check("consent_asked", "consent was asked for", "consent_required", (ctx) => {
      const { params, client } = ctx.oidc;
      const asked = String(params?.["prompt"] ?? "").split(" ");
      const isSilent = clients.get(client?.clientId ?? "")?.requireConsent !== true;
      return asked.includes("consent") && !isSilent && ctx.oidc.promptPending("consent");
    }),
    0,
  );
  return policy;
}

/**
 * A JWT access token is for its API alone, says oidc-provider. IdentityServer and others take one with scope openid at
 * userinfo too: it is exchanged, inside, for an opaque one of the same grant.
 */
async function takeApiToken(
  provider: Provider,
  ctx: { readonly req: { readonly headers: Record<string, string | string[] | undefined> } },
  { keys, accessTokens }: Manners,
): Promise<void> {
  const { headers } = ctx.req;
  const [, scheme, token] = /^(Bearer|DPoP) ([\w.-]+)$/i.exec(String(headers["authorization"])) ?? [];
  if (scheme === undefined || token === undefined || !token.includes(".")) return;
  const jti = tokenIdOf(token, keys);
  const known = jti === undefined ? undefined : accessTokens.get(jti);
  const client = known === undefined ? undefined : await provider.Client.find(String(known["clientId"]));
  if (known === undefined || client === undefined) return;
  const { aud: _audience, jti: _jti, ...rest } = known;
  const opaque = new provider.AccessToken({ ...rest, client } as unknown as ConstructorParameters<
    typeof provider.AccessToken
  >[0]);
  headers["authorization"] = `${scheme} ${await opaque.save()}`;
}
