import { type IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import type { Application, Request } from "express";
import type { Exchange } from "../authentication/exchange.js";
import type { BaseUrl } from "./request-exchange.js";

/** Where the middleware stands, learnt of the first request that passes it. */
export interface MountPoint {
  app?: Application | undefined;
  path?: string | undefined;
}

export function learnMountPoint(mount: MountPoint, req: Request): void {
  mount.app = req.app;
  mount.path = req.baseUrl;
}

/**
 * A request that no Express app has seen, such as a WebSocket's upgrade. Nothing is answered here: what a session
 * scheme would set on the response goes nowhere.
 */
export class BareExchange implements Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: string;
  readonly parsedBody: unknown = undefined;
  readonly #baseUrl: BaseUrl | undefined;
  readonly #mount: MountPoint;

  constructor(req: IncomingMessage, baseUrl: BaseUrl | undefined, mount: MountPoint) {
    this.req = req;
    this.res = new ServerResponse(req);
    this.url = req.url ?? "/";
    this.#baseUrl = baseUrl;
    this.#mount = mount;
  }

  get originalUrl(): string {
    return this.url;
  }

  get publicUrl(): string {
    return this.url;
  }

  get isHttps(): boolean {
    if (this.#baseUrl !== undefined) return this.#baseUrl.origin.startsWith("https:");
    if ((this.req.socket as TLSSocket).encrypted === true) return true;
    const { app } = this.#mount;
    // Sockets may be the first to come back after a restart. A browser takes these prefixes over https alone.
    if (app === undefined) return /(?:^|;\s*)__(?:Host|Secure)-/.test(this.req.headers.cookie ?? "");
    const isTrusted = app.get("trust proxy fn") as (address: string | undefined, hop: number) => boolean;
    const forwarded = this.req.headers["x-forwarded-proto"];
    if (typeof forwarded !== "string" || !isTrusted(this.req.socket.remoteAddress, 0)) return false;
    // Of a WebSocket's upgrade some proxies say wss.
    return /^\s*(?:https|wss)\s*(?:,|$)/i.test(forwarded);
  }

  get origin(): string {
    return this.#baseUrl?.origin ?? `${this.isHttps ? "https" : "http"}://${this.req.headers.host ?? "localhost"}`;
  }

  get publicPath(): string {
    const prefix = this.#baseUrl?.prefix ?? "";
    const path = this.#mount.path ?? "";
    return prefix.endsWith(path) ? prefix : prefix + path;
  }
}
