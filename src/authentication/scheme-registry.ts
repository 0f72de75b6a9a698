import { ConfigurationError } from "../errors.js";
import type { Claims, DPoPKey, SavedTokens } from "../model.js";
import type { AccessTokenOptions, ClientTokenOptions } from "../options/refresh-options.js";
import type { ChallengeOptions, SignOutOptions } from "../options/request-options.js";
import type { ApiRequest } from "../protocol/fetch-arguments.js";
import type { Exchange } from "./exchange.js";
import type { SessionScheme, SignedIn } from "./session-scheme.js";

/** Whether a request was answered here, or goes on to the app. */
export type Handled = "answered" | "skipped";

/** Answers one of our own paths. */
export type Endpoint = (exchange: Exchange, current: SignedIn | undefined) => Promise<Handled>;

/** An access token of a user. */
export interface UserToken {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly dPoPKey?: DPoPKey | undefined;
  /** The session as it is now. */
  readonly session: SignedIn;
}

/** A scheme whose users sign in elsewhere: it asks, takes the answer, and signs out there. */
export interface RemoteScheme {
  readonly name: string;
  /** What it answers itself, by exact path below the mount point. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  /** Answers the response: a redirect for a person, 401 for anything else. */
  challenge(exchange: Exchange, current: SignedIn | undefined, options: ChallengeOptions): Promise<void>;
  /** Signs out here and there, and answers the response. */
  signOut(exchange: Exchange, current: SignedIn | undefined, options: SignOutOptions): Promise<void>;
  /** Forgets what challenges left in this browser. */
  forget(exchange: Exchange): void;
  /** The tokens of the newest version of this session, read before it ends. */
  newestTokens(current: SignedIn | undefined): Promise<SavedTokens | undefined>;
  /** Revokes at the provider what an ended session had kept. Bounded in time, never rejects. */
  revokeTokens(current: SignedIn | undefined, tokens: SavedTokens | undefined): Promise<void>;
  /** `iss` of the provider, as well as it is known without waiting long. */
  issuer(): Promise<string | undefined>;
  fetchUserInfo(token: UserToken): Promise<Claims>;
  /** An access token that is good now; `refused` is one that an API has just refused. */
  accessToken(
    exchange: Exchange,
    current: SignedIn,
    options: AccessTokenOptions,
    refused?: string | undefined,
  ): Promise<UserToken>;
  /** A token of the app's own. */
  clientToken(options: ClientTokenOptions): Promise<string>;
  /** The global `fetch` with this token, and with proof of possession where it is bound to a key. */
  fetch(token: UserToken, request: ApiRequest): Promise<Response>;
}

/** Every scheme of one middleware, and which of them is meant when none is named. */
export interface SchemeRegistry {
  /** Remembers who is signed in, whichever scheme it was. */
  readonly session: SessionScheme;
  /** The endpoints of all remote schemes. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly remotes: readonly RemoteScheme[];
  /** @throws ConfigurationError `ERR_OIDC_UNKNOWN_SCHEME` */
  remote(name?: string): RemoteScheme;
  /** The remote scheme that signed this user in, if it was one. */
  remoteOf(current: SignedIn | undefined): RemoteScheme | undefined;
}

/** The first remote scheme is the default challenge scheme. */
export function createSchemeRegistry(session: SessionScheme, remotes: readonly RemoteScheme[]): SchemeRegistry {
  const byName = new Map(remotes.map((remote) => [remote.name, remote]));
  const [first] = remotes;
  return {
    session,
    remotes,
    endpoints: new Map(remotes.flatMap((remote) => [...remote.endpoints])),
    remote(name) {
      const found = name === undefined ? first : byName.get(name);
      if (found !== undefined) return found;
      throw new ConfigurationError(
        "ERR_OIDC_UNKNOWN_SCHEME",
        `There is no scheme "${name}" that could do this. Known: ${[...byName.keys()].map((known) => `"${known}"`).join(", ")}.`,
      );
    },
    remoteOf: (current) => (current === undefined ? undefined : byName.get(current.ticket.scheme)),
  };
}
