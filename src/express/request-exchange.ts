import type { Request, Response } from "express";
import type { Exchange } from "../authentication/exchange.js";
import type { SchemeRegistry } from "../authentication/scheme-registry.js";
import type { SignedIn } from "../authentication/session-scheme.js";
import { CallbackError } from "../errors.js";
import type { RequestOidc } from "./request-oidc.js";

/** Public origin of the app, and the path that a proxy strips before requests come here. */
export interface BaseUrl {
  readonly origin: string;
  readonly prefix: string;
}

/** Express's request and response as the schemes see them. What is not asked for is not computed. */
export class RequestExchange implements Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly url: string;
  /** Kept for `req.oidc`, which is made when it is first touched. */
  readonly schemes: SchemeRegistry;
  /** Who is signed in, as of now. */
  current: SignedIn | undefined;
  oidc: RequestOidc | undefined;
  private readonly baseUrl: BaseUrl | undefined;
  private readonly mountPath: string;

  constructor(req: Request, res: Response, schemes: SchemeRegistry, baseUrl: BaseUrl | undefined) {
    this.req = req;
    this.res = res;
    // Taken now: a router further down changes both while the request passes it.
    this.mountPath = req.baseUrl;
    this.url = req.url;
    this.schemes = schemes;
    this.current = undefined;
    this.oidc = undefined;
    this.baseUrl = baseUrl;
  }

  get originalUrl(): string {
    return this.req.originalUrl;
  }

  get isHttps(): boolean {
    return this.baseUrl === undefined ? this.req.secure : this.baseUrl.origin.startsWith("https:");
  }

  get origin(): string {
    return this.baseUrl?.origin ?? requestOrigin(this.req);
  }

  get publicPath(): string {
    return this.baseUrl === undefined ? this.mountPath : this.#strippedPath + this.mountPath;
  }

  get publicUrl(): string {
    return this.#strippedPath + this.req.originalUrl;
  }

  get parsedBody(): unknown {
    return this.req.body;
  }

  /** A prefix that ends in the mount path is there on both sides of the proxy; only the rest was stripped. */
  get #strippedPath(): string {
    const prefix = this.baseUrl?.prefix ?? "";
    return prefix.endsWith(this.mountPath) ? prefix.slice(0, prefix.length - this.mountPath.length) : prefix;
  }
}

/**
 * The Host header, or X-Forwarded-Host from a proxy that Express trusts; with its port, in both majors. Written as
 * browsers write an origin, without the port that is the scheme's own: all comparisons are with what they send.
 */
function requestOrigin(req: Request): string {
  const isTrusted = req.app.get("trust proxy fn") as (address: string | undefined, hop: number) => boolean;
  const forwarded = req.headers["x-forwarded-host"];
  const claimed =
    typeof forwarded === "string" && isTrusted(req.socket.remoteAddress, 0) ? forwarded.split(",", 1)[0] : undefined;
  const name = (claimed ?? req.headers.host ?? "").trim();
  if (/^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?$/.test(name)) {
    const url = `${req.secure ? "https" : "http"}://${name}`;
    if (URL.canParse(url)) return new URL(url).origin;
  }
  throw new CallbackError(
    "ERR_OIDC_CALLBACK_MALFORMED",
    "This request has no usable Host header, and its own public URL cannot be told. Set baseUrl to make it independent of headers.",
  );
}
