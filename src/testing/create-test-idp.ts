import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import type Provider from "oidc-provider";
import { BoundedStore } from "./bounded-adapter.js";
import { handleInteraction } from "./interactions.js";
import { loadOidcProvider } from "./load-oidc-provider.js";
import { startLoopbackServer } from "./loopback-server.js";
import { type IdpParts, providerConfiguration, type TestLifetimes } from "./provider-configuration.js";
import { adaptProvider, createPolicy } from "./provider-manners.js";
import { createSigningKeys, type SigningKey } from "./signing-keys.js";
import { DEFAULT_CLIENTS, type TestClient } from "./test-clients.js";
import { DEFAULT_USERS, type TestUser } from "./test-users.js";

/** What a test provider may be given; everything has a default. */
export interface TestIdpOptions {
  /** @defaultValue a free one */
  readonly port?: number | undefined;
  /** Where to listen, and the issuer's host. @defaultValue "localhost": 127.0.0.1 and ::1 */
  readonly host?: string | undefined;
  /** Added to the default clients; one with the same `client_id` replaces it. */
  readonly clients?: readonly TestClient[] | undefined;
  /** Added to the default users; one with the same `username` replaces it. */
  readonly users?: readonly TestUser[] | undefined;
  /** Lifetimes in seconds. @defaultValue access token 3600, ID token 3600, refresh token 86400 */
  readonly lifetimes?: Partial<TestLifetimes> | undefined;
  /** Sees every request first, and answers it by returning true: for tests that make one endpoint fail or wait. */
  readonly intercept?: ((req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>) | undefined;
  /** Waits this long before every answer, in milliseconds. @defaultValue 0 */
  readonly delayMs?: number | undefined;
  /** Configuration of oidc-provider that goes over this provider's own; `features` one by one. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** A request that the provider has answered. */
export interface IdpRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** OpenID Connect parameters, of query or body. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A running OpenID Connect provider for tests and local work. Not for production: its passwords are published. */
export interface TestIdp {
  readonly issuer: string;
  /** The same as the issuer, for whoever looks for a URL. */
  readonly url: string;
  readonly port: number;
  /** The last 1,000 requests, oldest first. */
  readonly requests: readonly IdpRequest[];
  /** The `Provider` of oidc-provider, for what this interface leaves out. */
  readonly provider: unknown;
  /** New signing keys; the old ones are gone from the key set unless they are to be kept. */
  rotateKeys(options?: { readonly keepOld?: boolean | undefined }): void;
  setUserActive(username: string, isActive: boolean): void;
  /** Stops to listen, as a provider that is down. What it knows stays. */
  offline(): Promise<void>;
  /** Listens again on the same port. */
  online(): Promise<void>;
  /** Ends every connection and stops. */
  stop(): Promise<void>;
}

const MAX_REQUESTS = 1_000;

/**
 * Starts a provider on oidc-provider (an optional peer dependency) with users, clients, keys and pages of its own.
 *
 * @throws Error that says what to install when oidc-provider is missing
 */
export async function createTestIdp(options: TestIdpOptions = {}): Promise<TestIdp> {
  const library = await loadOidcProvider();
  const users = new Map([...DEFAULT_USERS, ...(options.users ?? [])].map((user) => [user.username, user]));
  const clients = new Map([...DEFAULT_CLIENTS, ...(options.clients ?? [])].map((client) => [client.client_id, client]));
  const store = new BoundedStore();
  const cookieKeys = [randomBytes(32).toString("base64url")];
  const requests: IdpRequest[] = [];
  let keys: readonly SigningKey[] = createSigningKeys();
  let provider: Provider | undefined;
  let callback: ((req: IncomingMessage, res: ServerResponse) => unknown) | undefined;

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (options.delayMs !== undefined) await setTimeout(options.delayMs);
    if (await options.intercept?.(req, res)) return;
    if (provider === undefined || (await handleInteraction(provider, users, req, res))) return;
    await callback?.(req, res);
  };
  const host = options.host ?? "localhost";
  const server = await startLoopbackServer(host, options.port ?? 0, (req, res) => {
    answer(req, res).catch(() => {
      if (!res.headersSent) res.statusCode = 500;
      res.end();
    });
  });
  const { port } = server;
  const issuer = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

  const start = (): void => {
    const lifetimes = { accessToken: 3_600, idToken: 3_600, refreshToken: 86_400, ...options.lifetimes };
    const parts: IdpParts = {
      clients: [...clients.values()],
      users,
      keys,
      store,
      cookieKeys,
      lifetimes,
      errors: library.errors as unknown as IdpParts["errors"],
      policy: createPolicy(library, clients),
      extra: options.extra ?? {},
    };
    provider = library.quietly(() => new library.Provider(issuer, providerConfiguration(parts)));
    adaptProvider(provider, {
      keys,
      onAnswered: (request) => {
        requests.push(request);
        if (requests.length > MAX_REQUESTS) requests.shift();
      },
    });
    callback = provider.callback();
  };
  try {
    start();
  } catch (error) {
    await server.close();
    throw error;
  }

  return {
    issuer,
    url: issuer,
    port,
    requests,
    get provider() {
      return provider;
    },
    rotateKeys({ keepOld = false } = {}) {
      keys = keepOld ? [...createSigningKeys(), ...keys] : createSigningKeys();
      start();
    },
    setUserActive(username, isActive) {
      const user = users.get(username);
      if (user === undefined) throw new Error(`There is no user "${username}".`);
      users.set(username, { ...user, isActive });
    },
    offline: () => server.close(),
    online: () => server.listen(),
    stop: () => server.close(),
  };
}
