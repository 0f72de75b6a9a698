import type { Exchange } from "../authentication/exchange.js";
import { returnUrlFromCode } from "../authentication/return-url.js";
import { ConfigurationError } from "../errors.js";
import type { ChallengeProperties, RedirectContext } from "../options/events.js";
import type { AuthorizationParameters } from "../protocol/authorization-request.js";
import type { CheckedMetadata } from "../protocol/provider-metadata.js";
import { Interruption, raise } from "./event-runner.js";
import { eventBase, type Remote } from "./remote.js";

/** What a challenge sends after the event has had its say, and where to. */
export interface RequestToSend {
  readonly parameters: AuthorizationParameters;
  /** The provider's, with the endpoint that the event may have put in place of its own. */
  readonly metadata: CheckedMetadata;
}

/**
 * Raises `onRedirectToIdentityProvider`, and checks what it leaves: a value that could not be sent, or held against the
 * answer, must not get as far as the provider.
 *
 * @returns `undefined` when the handler answered itself
 * @throws ConfigurationError `ERR_OIDC_INVALID_CHALLENGE`, `ERR_OIDC_INVALID_RETURN_URL`
 */
export async function raiseRedirect(
  remote: Remote,
  exchange: Exchange,
  metadata: CheckedMetadata,
  given: Record<string, string | readonly string[]>,
  properties: ChallengeProperties,
): Promise<RequestToSend | undefined> {
  const handler = remote.options.events.onRedirectToIdentityProvider;
  if (handler === undefined) return { parameters: given, metadata };
  const { returnUrl } = properties;
  const endpoint = metadata.authorization_endpoint;
  const before: Omit<RedirectContext, "handled"> = {
    ...eventBase(remote, exchange),
    parameters: given,
    authorizationEndpoint: endpoint,
    properties,
  };
  try {
    const { parameters, authorizationEndpoint } = await raise<RedirectContext>(handler, before, ["handled"]);
    if (properties.returnUrl !== returnUrl) {
      properties.returnUrl = returnUrlFromCode(properties.returnUrl, exchange.origin);
    }
    return {
      parameters: sendable(parameters),
      metadata:
        authorizationEndpoint === endpoint
          ? metadata
          : { ...metadata, authorization_endpoint: endpointOfEvent(remote, authorizationEndpoint) },
    };
  } catch (thrown) {
    if (thrown instanceof Interruption) return undefined;
    throw thrown;
  }
}

/**
 * An endpoint that an event has set.
 *
 * @throws ConfigurationError `ERR_OIDC_INVALID_CHALLENGE`
 */
export function endpointOfEvent({ options: { requireHttps } }: Remote, given: string): string {
  const protocol = URL.canParse(given) ? new URL(given).protocol : undefined;
  if (protocol === "https:" || (protocol === "http:" && !requireHttps)) return given;
  throw invalid(
    `an event handler set the endpoint to something that is no absolute ${requireHttps ? "https" : "http(s)"} URL.`,
  );
}

function sendable(given: unknown): AuthorizationParameters {
  assertParameters("onRedirectToIdentityProvider", given);
  const parameters: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const isList = Array.isArray(value) && value.every((entry) => typeof entry === "string");
    if (typeof value !== "string" && !isList) {
      throw invalid(`onRedirectToIdentityProvider set ${name} to a ${typeof value}; it must be a text.`);
    }
    parameters[name] = value;
  }
  const { max_age: maxAge } = parameters;
  if (maxAge !== undefined && !(typeof maxAge === "string" && /^\d{1,15}$/.test(maxAge))) {
    throw invalid("onRedirectToIdentityProvider set max_age to something other than whole seconds, 0 or more.");
  }
  return parameters;
}

/** @throws ConfigurationError `ERR_OIDC_INVALID_CHALLENGE` for what is no record of parameters any more */
export function assertParameters(event: string, given: unknown): asserts given is Readonly<Record<string, unknown>> {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return;
  throw invalid(`an event handler (${event}) replaced ctx.parameters with something that is no object of parameters.`);
}

function invalid(message: string): ConfigurationError {
  return new ConfigurationError("ERR_OIDC_INVALID_CHALLENGE", message.charAt(0).toUpperCase() + message.slice(1));
}
