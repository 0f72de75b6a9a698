import type { Exchange } from "../authentication/exchange.js";
import { ConfigurationError } from "../errors.js";
import { claimDemands } from "../options/claim-demands.js";
import type { ChallengeProperties, PushAuthorizationContext } from "../options/events.js";
import {
  type AuthorizationParameters,
  authorizationUrl,
  requestParameters,
} from "../protocol/authorization-request.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { type PushPlan, planPush, pushAuthorization } from "../protocol/pushed-authorization.js";
import { eventBase, type Remote } from "./remote.js";

/**
 * Where the browser is sent with a complete authorization request.
 *
 * 1. Decide whether the request is pushed (RFC 9126).
 * 2. Let the event have its say.
 * 3. Sign it where the options say so (RFC 9101), and push it; only its name goes through the browser then.
 */
export async function authorizationLocation(
  remote: Remote,
  exchange: Exchange,
  metadata: CheckedMetadata,
  parameters: AuthorizationParameters,
  properties: ChallengeProperties,
): Promise<string> {
  const { provider } = remote;
  const plan = planPush(provider, metadata);
  if (plan.isPushed) {
    const requestUri = await push(remote, exchange, metadata, parameters, properties, plan);
    if (requestUri !== undefined) {
      const named = new URLSearchParams({ client_id: remote.options.clientId, request_uri: requestUri });
      return authorizationUrl(provider, metadata, named);
    }
  }
  return authorizationUrl(provider, metadata, await requestParameters(provider, metadata, parameters));
}

type Action =
  | { readonly kind: "handlePush"; readonly requestUri: string }
  | { readonly kind: "skipPush" | "handleClientAuthentication" };

async function push(
  remote: Remote,
  exchange: Exchange,
  metadata: CheckedMetadata,
  given: AuthorizationParameters,
  properties: ChallengeProperties,
  plan: PushPlan,
): Promise<string | undefined> {
  const { provider, options } = remote;
  const parameters = { ...given };
  const actions: Action[] = [];
  const context: PushAuthorizationContext = {
    ...eventBase(remote, exchange),
    parameters,
    properties,
    handlePush: (requestUri) => void actions.push({ kind: "handlePush", requestUri }),
    skipPush: () => void actions.push({ kind: "skipPush" }),
    handleClientAuthentication: () => void actions.push({ kind: "handleClientAuthentication" }),
  };
  await options.events.onPushAuthorization?.(context);
  const [action, second] = actions;
  if (second !== undefined) {
    throw misused(`onPushAuthorization called ${action?.kind} and ${second.kind}; only one of them can be.`);
  }
  if (action?.kind === "skipPush") {
    if (!plan.isRequired) return undefined;
    throw misused("onPushAuthorization called skipPush, and pushed requests are required.");
  }
  // What the answer is held to was fixed before; another wish here would make every answer look wrong.
  for (const name of ["max_age", "acr_values", "claims"]) {
    if (demanded(parameters, name) === demanded(given, name)) continue;
    throw misused(`onPushAuthorization changed ${name}. Change it in onRedirectToIdentityProvider.`);
  }
  if (action?.kind === "handlePush") {
    if (typeof action.requestUri === "string" && action.requestUri !== "") return action.requestUri;
    throw misused("onPushAuthorization called handlePush without the request_uri.");
  }
  const search = await requestParameters(provider, metadata, parameters);
  return pushAuthorization(provider, metadata, search, plan, action === undefined);
}

/** What an answer is held to because of a parameter; of `claims` that is a part. */
function demanded(parameters: AuthorizationParameters, name: string): string {
  return name === "claims" ? JSON.stringify(claimDemands(parameters[name])) : String(parameters[name]);
}

function misused(message: string): ConfigurationError {
  return new ConfigurationError("ERR_OIDC_PUSHED_AUTHORIZATION", message);
}
