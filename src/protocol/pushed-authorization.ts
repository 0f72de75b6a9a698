import * as oauth from "oauth4webapi";
import { ConfigurationError } from "../errors.js";
import { warnOnce } from "../warnings.js";
import { place } from "./backchannel.js";
import { createClient } from "./client.js";
import type { Provider } from "./provider.js";
import { safeErrorName, translateError } from "./provider-errors.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** How an authorization request goes to this provider, by the option and by what the metadata says. */
export interface PushPlan {
  readonly isPushed: boolean;
  /** Through the browser it would be refused, or the options forbid it. */
  readonly isRequired: boolean;
}

/** @throws ConfigurationError `ERR_OIDC_PUSHED_AUTHORIZATION` where option and provider contradict each other */
export function planPush(provider: Provider, metadata: CheckedMetadata): PushPlan {
  const { pushedAuthorization } = provider.options;
  const canPush = metadata["pushed_authorization_request_endpoint"] !== undefined;
  const wants = metadata["require_pushed_authorization_requests"] === true;
  if (pushedAuthorization === "disable") {
    if (!wants) return { isPushed: false, isRequired: false };
    throw failure(
      'pushedAuthorization is "disable", and the provider requires pushed requests (require_pushed_authorization_requests). Set it to "auto".',
    );
  }
  const isRequired = wants || pushedAuthorization === "require";
  if (isRequired && !canPush) {
    throw failure(
      wants
        ? "The provider requires pushed requests, and its metadata has no pushed_authorization_request_endpoint. Its operator has to add it."
        : 'pushedAuthorization is "require", and the provider\'s metadata has no pushed_authorization_request_endpoint. Set it to "auto", or switch PAR on at the provider.',
    );
  }
  return { isPushed: canPush && (isRequired || !provider.pushes.isResting()), isRequired };
}

/**
 * Sends the authorization request from here to the provider (RFC 9126 2): what the browser then carries says nothing
 * and cannot be changed.
 *
 * @param isAuthenticated false: the parameters hold the proof of the client already
 * @returns the `request_uri`, or `undefined` where the request may go through the browser after all
 * @throws OpenIdConnectError where it may not, or where it would fail there too
 */
export async function pushAuthorization(
  provider: Provider,
  metadata: CheckedMetadata,
  parameters: URLSearchParams,
  { isRequired }: PushPlan,
  isAuthenticated: boolean,
): Promise<string | undefined> {
  const { server, client, authentication, method, requestOptions } = createClient(provider, metadata);
  const authenticate = isAuthenticated ? authentication : oauth.None();
  try {
    const response = await oauth.pushedAuthorizationRequest(server, client, authenticate, parameters, requestOptions);
    return (
      (await requestUriOf(response)) ??
      (await oauth.processPushedAuthorizationResponse(server, client, response)).request_uri
    );
  } catch (error) {
    const finding = troubleOfPushing(error, provider.options.isPublicClient);
    if (isRequired || finding === undefined) {
      throw translateError(error, {
        what: "the pushed authorization request endpoint",
        method,
        // What is signed (RFC 9101) does not show here.
        request: { redirectUri: parameters.get("redirect_uri") ?? "see the log", usePkce: provider.options.usePkce },
        isSignIn: true,
        secrets: [provider.options.clientSecret, parameters.get("state") ?? undefined],
      });
    }
    const endpoint = place(String(metadata["pushed_authorization_request_endpoint"]));
    const message = `${endpoint} does not take pushed authorization requests of this client (${finding}); they go through the browser. Switch PAR on for the client, or set pushedAuthorization to "disable".`;
    provider.pushes.rest();
    provider.options.logger?.warn?.({ event: "push_refused", finding }, message);
    warnOnce("OIDC_PUSH_REFUSED", message, `${metadata.issuer} ${provider.options.clientId}`);
    return undefined;
  }
}

/** RFC 9126 2.2 wants 201 and `expires_in`; a request that is kept is kept, whatever the provider says beside its name. */
async function requestUriOf(response: Response): Promise<string | undefined> {
  if (!response.ok) return undefined;
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const requestUri = (body as { readonly request_uri?: unknown } | null | undefined)?.request_uri;
  return typeof requestUri === "string" && requestUri !== "" ? requestUri : undefined;
}

/** Statuses of an endpoint that is not there, or is switched off. */
const ABSENT: ReadonlySet<number> = new Set([404, 405, 410, 501]);

/** Words of a provider that has pushing switched off. */
const SPEAKS_OF_PUSHING =
  /pushed.?authori[sz]ation.*(?:\bnot\b|disabled|unsupported)|(?:disabled|unsupported).*pushed.?authori[sz]ation/i;

/**
 * Whether an error speaks of pushing itself. One that speaks of the request (`invalid_scope`, say), of the secret, or
 * of a provider that is down would come back through the browser, where it is harder to read.
 */
function troubleOfPushing(error: unknown, isPublicClient: boolean): string | undefined {
  const status = statusOf(error);
  if (status !== undefined && ABSENT.has(status)) return String(status);
  const name = error instanceof oauth.ResponseBodyError ? safeErrorName(error.error) : undefined;
  if (name === "unauthorized_client") return name;
  const said = error instanceof oauth.ResponseBodyError ? error.error_description?.slice(0, 300) : undefined;
  if (name === "invalid_request" && said !== undefined && SPEAKS_OF_PUSHING.test(said)) return name;
  // Who has no way to prove itself may still ask through the browser, where nobody does.
  return isPublicClient && (name === "invalid_client" || status === 401) ? (name ?? "401") : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError) {
    return error.status;
  }
  return error instanceof Error && error.cause instanceof Response ? error.cause.status : undefined;
}

function failure(message: string): ConfigurationError {
  return new ConfigurationError("ERR_OIDC_PUSHED_AUTHORIZATION", message);
}
