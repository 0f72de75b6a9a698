import { createHash } from "node:crypto";
import type { AdapterFactory, Configuration, KoaContextWithOIDC } from "oidc-provider";
import { ACR_VALUES } from "./authentication-context.js";
import { type BoundedStore, createAdapter } from "./bounded-adapter.js";
import { AUTO_SUBMIT, errorPage, logoutPage, page } from "./idp-pages.js";
import { PAGE_POLICY, policyWithScript } from "./page-policy.js";
import type { SigningKey } from "./signing-keys.js";
import type { TestClient } from "./test-clients.js";
import type { TestUser } from "./test-users.js";

/** Lifetimes in seconds. */
export interface TestLifetimes {
  readonly accessToken: number;
  readonly idToken: number;
  readonly refreshToken: number;
}

/** What the configuration is made of. */
export interface IdpParts {
  readonly clients: readonly TestClient[];
  readonly users: ReadonlyMap<string, TestUser>;
  readonly keys: readonly SigningKey[];
  readonly store: BoundedStore;
  readonly cookieKeys: readonly string[];
  readonly lifetimes: TestLifetimes;
  readonly errors: { readonly InvalidRequest: new (description: string) => Error };
  readonly policy: object;
  /** Configuration of oidc-provider that goes over this one. */
  readonly extra: Readonly<Record<string, unknown>>;
}

const PROFILE_CLAIMS = ["name", "given_name", "family_name", "preferred_username", "picture", "locale", "updated_at"];
const SCOPES = ["openid", "profile", "email", "roles", "api1", "offline_access"];

/** The API that scope `api1` stands for. */
const API = { resource: "urn:api1", audience: "api1" };

export function providerConfiguration(parts: IdpParts): object {
  const { clients, users, keys, store, cookieKeys, lifetimes } = parts;
  const settings = new Map(clients.map((client) => [client.client_id, client]));
  const configuration: Configuration = {
    adapter: createAdapter(store) as unknown as AdapterFactory,
    acrValues: [...ACR_VALUES],
    claims: claimsByScope([...users.values()]),
    clients: clients.map(({ requirePkce: _pkce, requireConsent: _consent, ...metadata }) => metadata) as NonNullable<
      Configuration["clients"]
    >,
    clientDefaults: { id_token_signed_response_alg: "RS256" },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
    // Claims of the scopes stand in the ID token too, as IdentityServer's samples have it.
    conformIdTokenClaims: false,
    cookies: {
      keys: [...cookieKeys],
      names: { session: "idp.session", interaction: "idp.interaction", resume: "idp.resume" },
    },
    // oidc-provider keeps its own requests off loopback, where a test's back-channel logout and key sets are.
    fetch: (url, { dispatcher: _guarded, ...init }: RequestInit & { readonly dispatcher?: unknown } = {}) =>
      globalThis.fetch(url, init),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.from(
          createHash("sha256")
            .update(cookieKeys[0] ?? "")
            .digest(),
        ),
      },
      encryption: { enabled: true },
      introspection: { enabled: true },
      jwtResponseModes: { enabled: true },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => (scopesOf(ctx).includes("api1") ? API.resource : []) as string,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: SCOPES.join(" "),
          audience: resource === API.resource ? API.audience : resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: lifetimes.accessToken,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(ctx, form) {
          const isCertain = isOwnIdToken(ctx);
          secure(ctx, isCertain ? policyWithScript(AUTO_SUBMIT) : PAGE_POLICY);
          ctx.body = logoutPage(form, isCertain);
        },
        postLogoutSuccessSource(ctx) {
          secure(ctx);
          ctx.body = page("Logged out", "<p>You are logged out at this provider.</p>");
        },
      },
      userinfo: { enabled: true },
    },
    findAccount(_ctx, sub) {
      const user = [...users.values()].find((known) => (known.sub ?? known.username) === sub);
      if (user === undefined || user.isActive === false) return undefined;
      return { accountId: sub, claims: () => ({ ...user.claims, sub }) };
    },
    formats: {
      customizers: {
        jwt(_ctx, token, jwt) {
          // oidc-provider stores no JWTs; userinfo finds them here, and only a token that calls itself opaque is found.
          const { jti, iat, exp } = jwt.payload as Readonly<Record<string, unknown>>;
          if (typeof jti !== "string" || token.kind !== "AccessToken") return;
          store.set(`AccessToken:${jti}`, { ...token, jti, iat, exp, format: "opaque" }, lifetimes.accessToken);
        },
      },
    },
    interactions: {
      policy: parts.policy as NonNullable<NonNullable<Configuration["interactions"]>["policy"]>,
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    issueRefreshToken: (_ctx, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    jwks: { keys: keys.map((key) => ({ ...key })) } as NonNullable<Configuration["jwks"]>,
    loadExistingGrant: (ctx) => existingGrant(ctx, settings),
    pkce: {
      required(_ctx, client) {
        if (settings.get(client.clientId)?.requirePkce === false) return false;
        // No redirect: who forgot the challenge may be anyone, and the developer should see the reason at once.
        throw Object.assign(
          new parts.errors.InvalidRequest("code_challenge is missing: this client must use PKCE (S256)"),
          { allow_redirect: false },
        );
      },
    },
    renderError(ctx, out) {
      secure(ctx);
      ctx.type = "html";
      ctx.body = errorPage(out.error, out.error_description);
    },
    responseTypes: ["code", "code id_token", "id_token"],
    rotateRefreshToken: true,
    routes: {
      authorization: "/connect/authorize",
      end_session: "/connect/endsession",
      introspection: "/connect/introspect",
      jwks: "/.well-known/openid-configuration/jwks",
      pushed_authorization_request: "/connect/par",
      revocation: "/connect/revocation",
      token: "/connect/token",
      userinfo: "/connect/userinfo",
    },
    scopes: SCOPES,
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: 60,
      ClientCredentials: lifetimes.accessToken,
      Grant: 14 * 86_400,
      IdToken: lifetimes.idToken,
      Interaction: 3_600,
      RefreshToken: lifetimes.refreshToken,
      Session: 14 * 86_400,
    },
  };
  const { features, ...extra } = parts.extra;
  return { ...configuration, ...extra, features: { ...configuration.features, ...(features as object | undefined) } };
}

/** Whether the ID token hint, which oidc-provider has validated, is of the person who is logged in here. */
function isOwnIdToken({ oidc: { entities, session } }: KoaContextWithOIDC): boolean {
  const { payload } = entities.IdTokenHint ?? {};
  return payload?.["sub"] !== undefined && payload["sub"] === session?.accountId;
}

/** Claims that no standard scope names come with `profile`, so that a test's own users need no further setting. */
function claimsByScope(users: readonly TestUser[]): Record<string, string[] | null> {
  const named = new Set(["sub", "email", "email_verified", "role", "roles", ...PROFILE_CLAIMS]);
  const others = new Set(users.flatMap(({ claims = {} }) => Object.keys(claims)).filter((name) => !named.has(name)));
  return {
    openid: ["sub"],
    profile: [...PROFILE_CLAIMS, ...others],
    email: ["email", "email_verified"],
    roles: ["role", "roles"],
    acr: null,
    amr: null,
    auth_time: null,
    sid: null,
  };
}

function scopesOf(ctx: KoaContextWithOIDC): readonly string[] {
  const scope = ctx.oidc.params?.["scope"];
  return typeof scope === "string" ? scope.split(" ") : [];
}

/** Consent that was given before or, for clients that need none, is given silently. */
async function existingGrant(
  ctx: KoaContextWithOIDC,
  settings: ReadonlyMap<string, TestClient>,
): Promise<InstanceType<KoaContextWithOIDC["oidc"]["provider"]["Grant"]> | undefined> {
  const { client, session, result, provider } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  if (settings.get(client.clientId)?.requireConsent === true) return known;
  const grant = known ?? new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  const scope = scopesOf(ctx).join(" ");
  if (scope !== "") grant.addOIDCScope(scope);
  for (const resource of Object.keys(ctx.oidc.resourceServers ?? {})) grant.addResourceScope(resource, scope);
  grant.addOIDCClaims([...ctx.oidc.requestParamClaims]);
  await grant.save();
  return grant;
}

function secure(ctx: KoaContextWithOIDC, policy: string = PAGE_POLICY): void {
  ctx.set("content-security-policy", policy);
  ctx.set("x-content-type-options", "nosniff");
  ctx.set("referrer-policy", "no-referrer");
}
