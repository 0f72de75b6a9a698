import type { Exchange } from "../authentication/exchange.js";
import type { Handled } from "../authentication/scheme-registry.js";
import type { Claims, SavedTokens } from "../model.js";
import type { ChallengeProperties, TicketReceivedContext } from "../options/events.js";
import type { OpenedTransaction } from "../session/transaction.js";
import type { Accepted } from "./accept-user.js";
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
  const context = await raise<TicketReceivedContext>(remote.options.events.onTicketReceived, {
    ...eventBase(remote, exchange),
    properties,
    claims,
    tokens,
  });
  const session = await remote.session.signIn(
    exchange,
    {
      scheme: remote.name,
      claims: withoutProtocolClaims(context.claims ?? claims),
      evidence: validated?.evidence,
      grantedScopes: validated?.grantedScopes,
      transactionId: transaction.id,
    },
    tokens,
  );
  noteKeptSession(remote, exchange);
  remote.usedTransactions.settle(transaction.id, session.user.sub);
  redirectLocally(exchange, properties.returnUrl);
  return "answered";
}

function tokensToSave(remote: Remote, tokens: SavedTokens): SavedTokens | undefined {
  const { savedTokens } = remote.options;
  if (savedTokens.length === 0) return undefined;
  return {
    ...(savedTokens.includes("access_token") && {
      accessToken: tokens.accessToken,
      tokenType: tokens.tokenType,
      accessTokenExpiresAtSeconds: tokens.accessTokenExpiresAtSeconds,
    }),
    // Of no use without a token that is bound to it.
    ...(tokens.dPoPKey !== undefined && savedTokens.some((name) => name !== "id_token") && { dPoPKey: tokens.dPoPKey }),
    ...(savedTokens.includes("id_token") && { idToken: tokens.idToken }),
    ...(savedTokens.includes("refresh_token") && { refreshToken: tokens.refreshToken }),
  };
}

/** Claims that speak of the token, not of the user. */
const PROTOCOL_CLAIMS: ReadonlySet<string> = new Set([
  ...["nonce", "aud", "azp", "acr", "iss", "iat", "nbf", "exp", "at_hash", "c_hash", "s_hash"],
  ...["ipaddr", "platf", "ver"],
]);

function withoutProtocolClaims(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL_CLAIMS.has(name)));
}
