import { isDeepStrictEqual } from "node:util";
import { problem } from "../authentication/answers.js";
import type { Exchange } from "../authentication/exchange.js";
import { isNavigation } from "../authentication/request-kind.js";
import { localReturnUrl, returnUrlFromCode } from "../authentication/return-url.js";
import { ConfigurationError } from "../errors.js";
import type { JsonValue } from "../model.js";
import { claimDemands } from "../options/claim-demands.js";
import type { ChallengeProperties } from "../options/events.js";
import type { ChallengeOptions } from "../options/request-options.js";
import { isPosted } from "../options/resolve-flow.js";
import { isLoopback } from "../options/resolve-metadata-source.js";
import { type ResolvedChallenge, resolveChallenge } from "../options/resolve-request-options.js";
import { authorizationParameters, completeParameters } from "../protocol/authorization-request.js";
import { correlate } from "../session/correlation-cookie.js";
import { sendCookies } from "../session/response-cookies.js";
import type { TransactionExtras } from "../session/transaction.js";
import { adviseChallenge } from "./advice.js";
import { authorizationLocation } from "./authorization-redirect.js";
import { leave } from "./leave.js";
import { raiseRedirect } from "./redirect-event.js";
import { home, loginUrl, notOwnEndpoint, ownUrl, type Remote } from "./remote.js";

/**
 * Asks who the user is: a person is redirected to the provider, anything else gets a 401 that says where to sign in.
 *
 * 1. Decide by the kind of request.
 * 2. Find the return URL and the provider.
 * 3. Bind a transaction to this browser.
 * 4. Redirect (OIDC Core 3.1.2.1), the request signed and pushed where that is wanted.
 */
export async function challenge(
  remote: Remote,
  exchange: Exchange,
  wishes: ChallengeOptions = {},
  isForPerson: boolean = isNavigation(exchange.req),
  mayLoop = false,
): Promise<void> {
  const { options, provider } = remote;
  const { req, res } = exchange;
  if (!isForPerson) {
    problem(res, {
      title: "Sign-in required",
      status: 401,
      code: "ERR_OIDC_UNAUTHENTICATED",
      loginUrl: loginUrl(remote, exchange),
    });
    return;
  }
  assertFormPostPossible(remote, exchange);
  const given = resolveChallenge(wishes);
  const properties: ChallengeProperties = { returnUrl: returnUrl(remote, exchange, given), state: given.state };
  const metadata = await provider.metadata();

  const wanted = authorizationParameters(provider, given);
  const request = await raiseRedirect(remote, exchange, metadata, wanted, properties);
  if (request === undefined) return;
  const { parameters } = request;

  const { prefix, attributes } = remote.correlationCookie(exchange);
  const { lifetimeSeconds } = options.transaction;
  const correlation = correlate(req.headers.cookie, prefix, attributes, lifetimeSeconds, mayLoop);
  const redirectUri = ownUrl(exchange, options.paths.callback);
  adviseChallenge(remote, exchange, metadata, redirectUri);
  const begun = remote.transactions.begin({
    scheme: remote.name,
    issuer: metadata.issuer,
    redirectUri,
    correlation: correlation.value,
    returnUrl: properties.returnUrl,
    extras: extras(remote, parameters, properties),
  });
  if (begun === undefined) {
    throw new ConfigurationError(
      "ERR_OIDC_INVALID_CHALLENGE",
      "The state given to the challenge is too long: sealed, it must fit into 1,000 characters. Keep the data in the app and give its key.",
    );
  }
  sendCookies(res, `correlation ${remote.name}`, () => correlation.setCookies);
  const complete = completeParameters(parameters, {
    redirectUri,
    state: begun.state,
    nonce: begun.nonce,
    codeVerifier: options.usePkce && options.responseType !== "id_token" ? begun.codeVerifier : undefined,
    dPoPKey: options.dPoP ? begun.dPoPKey() : undefined,
  });
  const location = await authorizationLocation(remote, exchange, request.metadata, complete, properties);
  leave(remote, exchange, location, request.metadata.authorization_endpoint);
}

function returnUrl(remote: Remote, exchange: Exchange, given: ResolvedChallenge): string {
  if (given.returnUrl !== undefined) return returnUrlFromCode(given.returnUrl, exchange.origin);
  const asked = exchange.req.method === "GET" ? localReturnUrl(exchange.publicUrl, exchange.origin) : undefined;
  return notOwnEndpoint(remote, exchange, asked) ?? home(remote, exchange);
}

function extras(
  remote: Remote,
  parameters: Readonly<Record<string, string | readonly string[]>>,
  properties: ChallengeProperties,
): TransactionExtras | undefined {
  const { maxAgeSeconds, acrValues, claimDemands: fixedDemands } = remote.options;
  const found: { -readonly [Name in keyof TransactionExtras]: TransactionExtras[Name] } = {};
  // What the request really says is what the answer is held to, an event's last word included.
  const maxAge = parameters["max_age"] === undefined ? undefined : Number(parameters["max_age"]);
  const acr = parameters["acr_values"] === undefined ? undefined : String(parameters["acr_values"]);
  if (maxAge !== maxAgeSeconds) found.maxAge = maxAge ?? null;
  if (acr !== acrValues?.join(" ")) found.acr = acr?.split(" ") ?? null;
  const demands = claimDemands(parameters["claims"]);
  if (!isDeepStrictEqual(demands, fixedDemands)) found.claims = demands ?? null;
  if (properties.state !== undefined) found.state = jsonOf(properties.state);
  return Object.keys(found).length === 0 ? undefined : found;
}

function jsonOf(state: JsonValue): JsonValue {
  try {
    return JSON.parse(JSON.stringify(state)) as JsonValue;
  } catch (cause) {
    throw new ConfigurationError("ERR_OIDC_INVALID_CHALLENGE", "The state given to the challenge is no JSON value.", {
      cause,
    });
  }
}

function assertFormPostPossible(remote: Remote, exchange: Exchange): void {
  if (!isPosted(remote.options.responseMode) || exchange.isHttps) return;
  if (isLoopback(new URL(exchange.origin).hostname)) return;
  throw new ConfigurationError(
    "ERR_OIDC_INSECURE_FORM_POST",
    `responseMode is "${remote.options.responseMode}", whose correlation cookie browsers keep over https alone, and this request came over http (${exchange.origin}). Serve the app over https (behind a proxy: set "trust proxy" or baseUrl), or use responseMode "query".`,
  );
}
