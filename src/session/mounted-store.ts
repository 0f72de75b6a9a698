import type { IncomingMessage } from "node:http";
import { ConfigurationError, SessionStoreError } from "../errors.js";
import { boundedCall, orMissing } from "./bounded-call.js";

/** Our place in the app's session. */
const KEY = "oidc";

/** What is used of what express-session puts on a request. */
interface MountedRequest {
  readonly session?: {
    [KEY]?: unknown;
    regenerate(callback: (error?: unknown) => void): unknown;
    save(callback: (error?: unknown) => void): unknown;
  };
  readonly sessionID?: string;
  readonly sessionStore?: { get(sid: string, callback: (error: unknown, session?: object | null) => void): unknown };
}

/** Our part of the app's own express-session. Its calls reject with `ERR_OIDC_STORE_UNAVAILABLE`, in time. */
export interface MountedStore {
  /** What this request came with. */
  read(req: IncomingMessage): string | undefined;
  /** Goes into the store when the response ends. */
  put(req: IncomingMessage, sealed: string): void;
  remove(req: IncomingMessage): void;
  /** What the store has now; another request may have changed or ended it meanwhile. */
  readStored(req: IncomingMessage): Promise<string | undefined>;
  /** A new id and nothing in it: against fixation, and so that nothing of one user is another's. */
  regenerate(req: IncomingMessage): Promise<void>;
  /** Before the redirect: the next request may reach the store before this one's answer has ended. */
  save(req: IncomingMessage): Promise<void>;
}

export function createMountedStore(timeoutSeconds: number): MountedStore {
  let wasSeen = false;

  const sessionOf = (req: IncomingMessage): NonNullable<MountedRequest["session"]> | undefined => {
    const { session } = req as MountedRequest;
    if (typeof session === "object" && session !== null && typeof session.regenerate === "function") {
      wasSeen = true;
      return session;
    }
    if (!wasSeen) {
      throw new ConfigurationError(
        "ERR_OIDC_MIDDLEWARE_MISSING",
        "The session option is left out, and no express-session has run before: app.use(session({ … })) above addOpenIdConnect(), or give session: { secret }.",
      );
    }
    // It passes requests on without a session while its store says that it is disconnected: a user is none the less one.
    if (req.headers.cookie === undefined) return undefined;
    throw noSession();
  };

  const needed = (req: IncomingMessage): NonNullable<MountedRequest["session"]> => {
    const session = sessionOf(req);
    if (session === undefined) throw noSession();
    return session;
  };

  return {
    read(req) {
      const sealed = sessionOf(req)?.[KEY];
      return typeof sealed === "string" ? sealed : undefined;
    },
    put(req, sealed) {
      needed(req)[KEY] = sealed;
    },
    remove(req) {
      delete needed(req)[KEY];
    },
    async readStored(req) {
      const { sessionStore: store, sessionID: id } = req as MountedRequest;
      if (store === undefined || id === undefined) return undefined;
      const value = await orMissing(boundedCall<object | null>("get", timeoutSeconds, (done) => store.get(id, done)));
      const sealed = (value as { readonly [KEY]?: unknown } | null | undefined)?.[KEY];
      return typeof sealed === "string" ? sealed : undefined;
    },
    async regenerate(req) {
      await boundedCall("regenerate", timeoutSeconds, (done) => void needed(req).regenerate(done));
    },
    async save(req) {
      await boundedCall("save", timeoutSeconds, (done) => void needed(req).save(done));
    },
  };
}

function noSession(): SessionStoreError {
  return new SessionStoreError(
    "ERR_OIDC_STORE_UNAVAILABLE",
    "express-session passed this request on without a session: its store is disconnected, or its cookie.path does not cover this URL. Or it has not seen this request, such as a WebSocket's upgrade: call it before auth.authenticate(req).",
    { headers: { "retry-after": "2" } },
  );
}
