import type { IncomingMessage, ServerResponse } from "node:http";
import type { Json, SigningKey } from "./signer.js";

/** Where a JWT is on its way: an ID token through the browser, from a code, from a refresh; a signed answer (JARM). */
export type Place = "front" | "back" | "refresh" | "answer";

/** The one thing that is wrong; everything that is left out is as it must be. Removing is by `undefined`. */
export interface Lies {
  readonly metadata?: (document: Json) => Json;
  readonly keys?: (keys: readonly Json[]) => unknown;
  /** Parameters of the authorization response, before they are signed where they are. */
  readonly answer?: (parameters: Record<string, string | undefined>) => Record<string, string | undefined>;
  /** Claims of the signed authorization response (JARM): `iss`, `aud`, `exp` and the parameters. */
  readonly signedAnswer?: (claims: Json) => Json;
  /** Claims of an ID token. */
  readonly claims?: (claims: Json, place: Place) => Json;
  readonly header?: (header: Json, place: Place) => Json;
  /** The key that signs, in place of the published one. */
  readonly key?: (key: SigningKey, place: Place) => SigningKey;
  /** The finished ID token. */
  readonly idToken?: (token: string, place: Place) => string | undefined;
  readonly tokenResponse?: (body: Json) => Json;
  readonly pushResponse?: (body: Json) => Json;
  readonly userInfo?: (claims: Json) => unknown;
  /** Where the browser goes after a sign-out. */
  readonly signedOut?: (back: URL) => URL;
  /** Answers a request in place of the provider; true when it did. By path, such as "/token". */
  readonly respond?: (path: string, req: IncomingMessage, res: ServerResponse) => boolean;
}
