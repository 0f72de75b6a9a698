import type { EventEmitter } from "node:events";
import type Provider from "oidc-provider";
import type { KoaContextWithOIDC } from "oidc-provider";
import { letUserInfoTakeApiTokens } from "./api-tokens.js";
import type { IdpRequest } from "./create-test-idp.js";
import type { OidcProviderLibrary } from "./load-oidc-provider.js";
import { PAGE_POLICY } from "./page-policy.js";
import type { SigningKey } from "./signing-keys.js";
import { isLoopbackVariant, type TestClient } from "./test-clients.js";

/*
 * Where oidc-provider is stricter, or other, than the providers that apps meet: redirect URIs on any loopback port,
 * `offline_access` without `prompt=consent`, access tokens for an API that userinfo takes too.
 */

interface Manners {
  readonly keys: readonly SigningKey[];
  readonly onAnswered: (request: IdpRequest) => void;
}

export function adaptProvider(provider: Provider, manners: Manners): void {
  // Koa prints what no one listens to; a request that was broken off is not worth a line in a test run.
  (provider as unknown as EventEmitter).on("error", () => {});
  allowLoopback(provider);
  grantOfflineAccess(provider);
  provider.use(async (ctx, next) => {
    // For oidc-provider's own pages; to an empty `script-src` it adds the hashes of their scripts.
    ctx.set("content-security-policy", `${PAGE_POLICY}; script-src`);
    await next();
    manners.onAnswered({
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      parameters: { ...(ctx as Partial<KoaContextWithOIDC>).oidc?.params },
    });
  });
  letUserInfoTakeApiTokens(provider, manners.keys);
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
