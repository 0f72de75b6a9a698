import type { IncomingMessage, ServerResponse } from "node:http";
import type { Json, SigningKey } from "./signer.js";

/** Where an ID token is on its way: through the browser, or from the token endpoint. */
export type Place = "front" | "back" | "refresh";

/** The one thing that is wrong; everything that is left out is as it must be. Removing is by `undefined`. */
export interface Lies {
  readonly metadata?: (document: Json) => Json;
  readonly keys?: (keys: readonly Json[]) => unknown;
  /** Parameters of the authorization response. */
  readonly answer?: (parameters: Record<string, string | undefined>) => Record<string, string | undefined>;
  readonly claims?: (claims: Json, place: Place) => Json;
  readonly header?: (header: Json, place: Place) => Json;
  /** The key that signs, in place of the published one. */
  readonly key?: (key: SigningKey) => SigningKey;
  /** The finished ID token. */
  readonly idToken?: (token: string, place: Place) => string | undefined;
  readonly tokenResponse?: (body: Json) => Json;
  readonly userInfo?: (claims: Json) => unknown;
  /** Answers a request in place of the provider; true when it did. By path, such as "/token". */
  readonly respond?: (path: string, req: IncomingMessage, res: ServerResponse) => boolean;
}
