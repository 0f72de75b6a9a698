import type { IncomingMessage, ServerResponse } from "node:http";

/** One request and its answer, as the schemes see them: Node's own objects, and what only the framework knows. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Path and query below the mount point. */
  readonly url: string;
  /** Path and query as the browser sent them. */
  readonly originalUrl: string;
  /** The browser's connection is https: by `baseUrl`, else as the framework trusts its proxies. */
  readonly isHttps: boolean;
  /**
   * Public origin of the app: by `baseUrl`, else of the request.
   * @throws CallbackError `ERR_OIDC_CALLBACK_MALFORMED` when the Host header is no host
   */
  readonly origin: string;
  /** Public path of the mount point: what stands between origin and our own paths. */
  readonly publicPath: string;
  /** Public form of `originalUrl`. */
  readonly publicUrl: string;
  /** A form body that something mounted before has parsed already. */
  readonly parsedBody: unknown;
}
