import type { Exchange } from "../authentication/exchange.js";
import type { Claims } from "../model.js";
import type {
  AuthenticationFailedContext,
  AuthorizationCodeReceivedContext,
  ChallengeProperties,
  TokenResponseReceivedContext,
  TokenValidatedContext,
  UserInformationReceivedContext,
} from "../options/events.js";
import { redeemCode, type ValidatedTokens } from "../protocol/code-exchange.js";
import { idTokenError } from "../protocol/provider-errors.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { fetchUserInfo } from "../protocol/user-info.js";
import type { OpenedTransaction } from "../session/transaction.js";
import type { CallbackMessage } from "./callback-message.js";
import { FailedByEvent, Interruption, raise } from "./event-runner.js";
import { eventBase, type Remote } from "./remote.js";

/** Someone who may be signed in. */
export interface Accepted {
  readonly claims: Claims;
  readonly validated?: ValidatedTokens | undefined;
}

/** Steps that may each be the last: an event that accepts someone ends them all. */
export async function acceptUser(
  remote: Remote,
  exchange: Exchange,
  message: CallbackMessage,
  transaction: OpenedTransaction,
  metadata: CheckedMetadata,
  redirectUri: string,
  properties: ChallengeProperties,
): Promise<Accepted> {
  const { options, provider } = remote;
  const { events } = options;
  const context = { ...eventBase(remote, exchange), properties };
  try {
    const code = await raise<AuthorizationCodeReceivedContext>(events.onAuthorizationCodeReceived, {
      ...context,
      claims: undefined,
      tokenParameters: { ...options.tokenParameters },
    });
    const response = await redeemCode(provider, metadata, {
      parameters: message,
      redirectUri,
      codeVerifier: options.usePkce ? transaction.codeVerifier : undefined,
      nonce: transaction.nonce,
      maxAgeSeconds: transaction.extras.maxAge ?? options.maxAgeSeconds,
      tokenParameters: code.tokenParameters,
    });
    await raise<TokenResponseReceivedContext>(events.onTokenResponseReceived, {
      ...context,
      claims: undefined,
      tokenResponse: response.body,
    });
    const validated = await response.validate();
    assertAcr(transaction.extras.acr ?? options.acrValues, validated);
    const seen = await raise<TokenValidatedContext>(events.onTokenValidated, {
      ...context,
      claims: validated.claims,
      tokens: validated.tokens,
    });
    const claims = seen.claims ?? validated.claims;
    if (!options.userInfo || validated.tokens.accessToken === undefined) return { claims, validated };
    const userInfo = await fetchUserInfo(provider, validated.tokens.accessToken, validated.evidence.subject);
    const informed = await raise<UserInformationReceivedContext>(events.onUserInformationReceived, {
      ...context,
      claims: { ...userInfo, ...claims },
      userInfo,
    });
    return { claims: informed.claims ?? claims, validated };
  } catch (thrown) {
    if (thrown instanceof Interruption && thrown.kind === "success") return { claims: acceptedClaims(thrown) };
    if (thrown instanceof Interruption || thrown instanceof FailedByEvent) throw thrown;
    return await recover(remote, exchange, properties, thrown as Error);
  }
}

/** An event may recover from anything that was thrown, with claims of its own. */
async function recover(
  remote: Remote,
  exchange: Exchange,
  properties: ChallengeProperties,
  error: Error,
): Promise<Accepted> {
  try {
    await raise<AuthenticationFailedContext>(remote.options.events.onAuthenticationFailed, {
      ...eventBase(remote, exchange),
      properties,
      error,
      claims: undefined,
    });
  } catch (thrown) {
    if (thrown instanceof Interruption && thrown.kind === "success") return { claims: acceptedClaims(thrown) };
    throw thrown;
  }
  throw error;
}

function acceptedClaims({ claims }: Interruption): Claims {
  if (typeof claims?.["sub"] === "string" && claims["sub"] !== "") return claims;
  throw new Error("An event handler called success() without ctx.claims that hold a sub.");
}

/** RFC 9470 5: what was asked for must be what came. */
function assertAcr(wanted: readonly string[] | undefined, validated: ValidatedTokens): void {
  if (wanted === undefined || (validated.evidence.acr !== undefined && wanted.includes(validated.evidence.acr))) return;
  throw idTokenError("its acr is none of those that were asked for (acr_values)");
}
