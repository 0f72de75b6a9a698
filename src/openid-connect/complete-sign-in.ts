import type { Exchange } from "../authentication/exchange.js";
import { identifiedClaims } from "../authentication/identified-claims.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import type { Handled } from "../authentication/scheme-registry.js";
import type { TicketDraft } from "../authentication/session-scheme.js";
import { ConfigurationError } from "../errors.js";
import type { SavedTokens, Ticket } from "../model.js";
import type { ChallengeProperties, TicketReceivedContext } from "../options/events.js";
import type { OpenedTransaction } from "../session/transaction.js";
import { User } from "../user.js";
import type { Accepted } from "./accept-user.js";
import { adviseScopes } from "./advice.js";
import { raise } from "./event-runner.js";
import { noteKeptSession } from "./kept-session.js";
import { eventBase, type Remote, redirectLocally } from "./remote.js";

/** Writes the session, under a new id, and goes to where the user was going. */
export async function completeSignIn(
  remote: Remote,
  exchange: Exchange,
  transaction: OpenedTransaction,
  properties: ChallengeProperties,
  { claims, validated }: Accepted,
): Promise<Handled> {
  const tokens = validated === undefined ? undefined : tokensToSave(remote, validated.tokens);
  const context = await raise<TicketReceivedContext>(
    remote.options.events.onTicketReceived,
    { ...eventBase(remote, exchange), properties, claims, tokens },
    ["handled", "skip", "fail"],
  );
  const draft: TicketDraft = {
    scheme: remote.name,
    claims: identifiedClaims(
      remote.options.claimActions.run(context.claims ?? claims),
      "claimActions, or an event handler,",
    ),
    evidence: validated?.evidence,
    signedInAtSeconds: signedInAt(remote, validated?.claims["iat"]),
    grantedScopes: validated?.grantedScopes,
    transactionId: transaction.id,
  };
  if (validated !== undefined) adviseScopes(remote, validated.grantedScopes);
  const { returnUrl } = properties;
  const target = returnUrl === transaction.returnUrl ? returnUrl : returnUrlFromCode(returnUrl, exchange.origin);
  const userFields = await mappedFields(remote, exchange, draft, validated?.tokens);
  const session = await remote.session.signIn(exchange, { ...draft, userFields }, tokens);
  noteKeptSession(remote, exchange);
  remote.usedTransactions.settle(transaction.id, session.user.sub);
  redirectLocally(exchange, target);
  return "answered";
}

/** When the ID token was issued; a clock that is off by more than is tolerated counts no further than that. */
function signedInAt({ options }: Remote, iat: unknown): number | undefined {
  const earliest = options.now() - options.clockToleranceSeconds;
  return typeof iat === "number" ? Math.floor(Math.max(iat, earliest)) : undefined;
}

/** What `mapUser` adds: JSON, for it is kept in the session. */
async function mappedFields(
  remote: Remote,
  exchange: Exchange,
  draft: TicketDraft,
  tokens: SavedTokens | undefined,
): Promise<Ticket["userFields"]> {
  const { mapUser } = remote.options;
  if (mapUser === undefined) return undefined;
  const fields: unknown = await mapUser(new User(draft, remote.options), { tokens, req: exchange.req });
  if (fields === undefined || fields === null) return undefined;
  if (typeof fields === "object" && !Array.isArray(fields)) {
    try {
      return JSON.parse(JSON.stringify(fields)) as Ticket["userFields"];
    } catch {
      // Told below.
    }
  }
  throw new ConfigurationError(
    "ERR_OIDC_INVALID_USER",
    "mapUser must answer an object of JSON values, or nothing: its fields are added to req.user and kept in the session.",
  );
}

function tokensToSave(remote: Remote, tokens: SavedTokens): SavedTokens | undefined {
  const { savedTokens } = remote.options;
  if (savedTokens.length === 0) return undefined;
  return {
    ...(savedTokens.includes("access_token") && {
      accessToken: tokens.accessToken,
      tokenType: tokens.tokenType,
      accessTokenExpiresAtSeconds: tokens.accessTokenExpiresAtSeconds,
      accessTokenLifetimeSeconds: tokens.accessTokenLifetimeSeconds,
    }),
    // Of no use without a token that is bound to it.
    ...(tokens.dPoPKey !== undefined && savedTokens.some((name) => name !== "id_token") && { dPoPKey: tokens.dPoPKey }),
    ...(savedTokens.includes("id_token") && { idToken: tokens.idToken }),
    ...(savedTokens.includes("refresh_token") && { refreshToken: tokens.refreshToken }),
  };
}
