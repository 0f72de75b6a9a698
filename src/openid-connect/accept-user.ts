import { isDeepStrictEqual } from "node:util";
import type { Exchange } from "../authentication/exchange.js";
import type { Claims } from "../model.js";
import type { ClaimDemands } from "../options/claim-demands.js";
import type {
  AuthenticationFailedContext,
  AuthorizationCodeReceivedContext,
  ChallengeProperties,
  TokenResponseReceivedContext,
  TokenValidatedContext,
  UserInformationReceivedContext,
} from "../options/events.js";
import { redeemCode, type ValidatedTokens } from "../protocol/code-exchange.js";
import { type FrontChannelLogin, validateFrontChannelToken } from "../protocol/front-channel.js";
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

/**
 * Steps that may each be the last: an event that accepts someone ends them all.
 *
 * 1. An ID token that came through the browser is validated in full, before anything else is believed or spent.
 * 2. The code is redeemed.
 * 3. The token response is validated; its ID token names the same user as the first one.
 * 4. Userinfo, where the options say so.
 */
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
  const { maxAge = options.maxAgeSeconds, acr = options.acrValues, claims: demands } = transaction.extras;
  const asked = { acr, claims: demands === undefined ? options.claimDemands : demands };
  const checks = { nonce: transaction.nonce, maxAgeSeconds: maxAge ?? undefined };
  let validated: ValidatedTokens | undefined;
  try {
    const { id_token: idToken, state = "" } = message;
    const front =
      idToken === undefined
        ? undefined
        : await validateFrontChannelToken(provider, metadata, { ...checks, idToken, state, code: message["code"] });
    if (front !== undefined) {
      assertAsked(asked, front);
      validated = ofFrontChannel(front);
    }
    const first =
      front === undefined
        ? undefined
        : await raise<TokenValidatedContext>(events.onTokenValidated, {
            ...context,
            claims: front.claims,
            tokens: { idToken: front.idToken },
          });
    if (front !== undefined && message["code"] === undefined) {
      return { claims: first?.claims ?? front.claims, validated };
    }

    const dPoPKey = options.dPoP ? transaction.dPoPKey() : undefined;
    const code = await raise<AuthorizationCodeReceivedContext>(events.onAuthorizationCodeReceived, {
      ...context,
      claims: first?.claims,
      tokenParameters: { ...options.tokenParameters },
    });
    const response = await redeemCode(provider, metadata, {
      ...checks,
      parameters: message,
      redirectUri,
      codeVerifier: options.usePkce ? transaction.codeVerifier : undefined,
      tokenParameters: code.tokenParameters,
      frontChannel: front,
      dPoPKey,
    });

    if (events.onTokenResponseReceived !== undefined) await response.assertNonce();
    await raise<TokenResponseReceivedContext>(events.onTokenResponseReceived, {
      ...context,
      claims: first?.claims,
      tokenResponse: response.body,
    });
    const fromCode = await response.validate();
    assertAsked(asked, fromCode);
    validated = fromCode;
    const claims =
      front === undefined
        ? await tokenValidated(remote, context, fromCode)
        : { ...onlyIn(fromCode.claims, front.claims), ...(first?.claims ?? front.claims) };

    if (!options.userInfo || fromCode.tokens.accessToken === undefined) return { claims, validated };
    const { subject } = fromCode.evidence;
    const userInfo = await fetchUserInfo(provider, fromCode.tokens.accessToken, subject, dPoPKey);
    const informed = await raise<UserInformationReceivedContext>(events.onUserInformationReceived, {
      ...context,
      claims: { ...userInfo, ...claims },
      userInfo,
    });
    return { claims: informed.claims ?? claims, validated };
  } catch (thrown) {
    // What was valid by then stays: a sign-out at the provider is to find this session too.
    if (thrown instanceof Interruption) return { ...acceptedByEvent(thrown), validated };
    if (thrown instanceof FailedByEvent) throw thrown;
    return await recover(remote, exchange, properties, thrown as Error);
  }
}

async function tokenValidated(
  remote: Remote,
  context: Omit<TokenValidatedContext, "claims" | "tokens" | "handled" | "skip" | "fail" | "success">,
  { claims, tokens }: ValidatedTokens,
): Promise<Claims> {
  const { onTokenValidated } = remote.options.events;
  return (await raise<TokenValidatedContext>(onTokenValidated, { ...context, claims, tokens })).claims ?? claims;
}

/** No token response: nothing was granted but to know who it is. */
function ofFrontChannel({ idToken, claims, evidence }: FrontChannelLogin): ValidatedTokens {
  return { tokens: { idToken }, claims, evidence, grantedScopes: [] };
}

/** A provider may tell less through the browser (OIDC Core 3.3.3.6); what was told there is not told again. */
function onlyIn(claims: Claims, before: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !Object.hasOwn(before, name)));
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
    return acceptedByEvent(thrown);
  }
  throw error;
}

/** Whom an event accepted; anything else that it threw goes on. */
export function acceptedByEvent(thrown: unknown): Accepted {
  if (!(thrown instanceof Interruption) || thrown.kind !== "success") throw thrown;
  const { claims } = thrown;
  if (typeof claims?.["sub"] === "string" && claims["sub"] !== "") return { claims };
  throw new Error("An event handler called success() without ctx.claims that hold a sub.");
}

/** RFC 9470 5, OIDC Core 5.5.1: what was asked for must be what came. */
function assertAsked(
  wanted: { readonly acr: readonly string[] | null | undefined; readonly claims: ClaimDemands | null | undefined },
  { claims, evidence: { acr } }: Pick<ValidatedTokens, "claims" | "evidence">,
): void {
  if (wanted.acr && (acr === undefined || !wanted.acr.includes(acr))) {
    throw idTokenError("its acr is none of those that were asked for (acr_values)");
  }
  for (const [name, values] of Object.entries(wanted.claims ?? {})) {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (value === undefined) throw idTokenError(`it has no ${name}, which was asked for as essential (claims)`);
    if (values === null || values.some((allowed) => isDeepStrictEqual(allowed, value))) continue;
    throw idTokenError(`its ${name} is none of the values that were asked for (claims)`);
  }
}
