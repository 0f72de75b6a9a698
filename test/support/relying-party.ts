import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AddOpenIdConnectOptions,
  type AuthenticationHandler,
  addOpenIdConnect,
  loginErrorPage,
} from "add-openid-connect";
import type { TestIdp } from "add-openid-connect/testing";
import express, { type Express } from "express";

export const SECRET = "test-0123456789-abcdefghijklmnopqrstuvwxyz";
export const OLD_SECRET = "older-0123456789-abcdefghijklmnopqrstuvwxyz";

export interface RelyingParty {
  readonly url: string;
  readonly app: Express;
  readonly server: Server;
  /** What `addOpenIdConnect` returned. */
  readonly auth: AuthenticationHandler;
  /** Errors that reached the app's error handling. */
  readonly errors: unknown[];
  /** Entries of the library's logger, as JSON. */
  readonly log: string[];
  stop(): Promise<void>;
}

export interface RelyingPartySettings {
  readonly options?: AddOpenIdConnectOptions;
  /** Express or its older major. */
  readonly framework?: typeof express;
  readonly mountPath?: string;
  readonly before?: (app: Express) => void;
  readonly routes?: (app: Express) => void;
  readonly trustProxy?: boolean | number | string;
}

/** An app that signs in at the test provider, on an ephemeral port. */
export async function startRelyingParty(
  idp: Pick<TestIdp, "issuer">,
  settings: RelyingPartySettings = {},
): Promise<RelyingParty> {
  const framework = settings.framework ?? express;
  const app = framework();
  const errors: unknown[] = [];
  const log: string[] = [];
  if (settings.trustProxy !== undefined) app.set("trust proxy", settings.trustProxy);
  settings.before?.(app);
  const entry = (details: object, message: string) => log.push(JSON.stringify({ ...details, message }));
  const router = settings.mountPath === undefined ? app : framework();
  if (settings.trustProxy !== undefined) router.set("trust proxy", settings.trustProxy);
  const auth = addOpenIdConnect({
    authority: idp.issuer,
    requireHttpsMetadata: false,
    clientId: "pkce_client",
    clientSecret: "secret",
    // Tests read what is asked off the URL; those about pushed requests switch them on.
    pushedAuthorization: "disable",
    session: { secret: SECRET },
    logger: { debug: entry, info: entry, warn: entry, error: entry },
    ...settings.options,
  });
  router.use(auth);
  settings.routes?.(router);
  if (router !== app) app.use(settings.mountPath ?? "/", router);
  app.use((error: unknown, _req: unknown, _res: unknown, next: (error: unknown) => void) => {
    errors.push(error);
    next(error);
  });
  app.use(loginErrorPage());
  const server = createServer(app);
  const port = await listen(server);
  return {
    url: `http://localhost:${port}${settings.mountPath ?? ""}`,
    app,
    server,
    auth,
    errors,
    log,
    stop: () => stop(server),
  };
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "localhost", () => resolve((server.address() as AddressInfo).port));
  });
}

export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
