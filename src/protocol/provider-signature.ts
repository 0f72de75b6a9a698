import * as oauth from "oauth4webapi";
import type { Client } from "./client.js";
import { jsonPart } from "./jwt-json.js";
import type { Provider } from "./provider.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** What oauth4webapi is given to verify with: keys at hand, so that it fetches none itself. */
type VerifyOptions = oauth.ValidateSignatureOptions;

/**
 * Verifies with the provider's keys out of our own cache, which one unknown key may renew at once, so that the first
 * login after a rotation succeeds.
 *
 * @param jws tells the signed JWT, for its `kid`; asked only when the keys at hand did not do
 */
export async function verifyWithProviderKeys<Result>(
  provider: Provider,
  metadata: CheckedMetadata,
  client: Client,
  jws: () => string,
  verify: (server: oauth.AuthorizationServer, options: VerifyOptions) => Promise<Result>,
): Promise<Result> {
  // A server object of its own for each try: oauth4webapi remembers keys by it.
  const verifyWith = (jwks: unknown) =>
    verify(copyOf(client.server), {
      ...client.requestOptions,
      [oauth.jwksCache]: { jwks: jwks as oauth.JWKS, uat: Math.floor(Date.now() / 1000) },
    });
  const attempt = (jwks: unknown) =>
    verifyWith(jwks).catch(async (error: unknown) => {
      for (const key of namesakes(error)) {
        try {
          return await verifyWith({ keys: [key] });
        } catch (refusal) {
          // The next of that name may be the one.
          if (!isKeyTrouble(refusal)) throw refusal;
        }
      }
      throw error;
    });
  const atHand = await provider.keys.get(metadata.jwks_uri);
  try {
    return await attempt(atHand);
  } catch (error) {
    if (!isKeyTrouble(error)) throw error;
    const renewed = await provider.keys.renewFor(metadata.jwks_uri, keyIdOf(jws()));
    if (renewed === atHand) throw error;
    return await attempt(renewed);
  }
}

function copyOf(server: oauth.AuthorizationServer): oauth.AuthorizationServer {
  return { ...server };
}

/** Keys of one kid that tell nobody which of them a token means; more than a few are no rotation. */
const MOST_NAMESAKES = 4;

/** The keys that a token may mean by its `kid`, where the provider has given several the same. */
function namesakes(error: unknown): readonly object[] {
  if (!(error instanceof oauth.OperationProcessingError) || error.code !== oauth.KEY_SELECTION) return [];
  const { header, candidates } = error.cause as {
    readonly header: { readonly kid?: unknown };
    readonly candidates: object[];
  };
  return header.kid === undefined || candidates.length > MOST_NAMESAKES ? [] : candidates;
}

/** Only what other keys could mend is worth asking for them. */
function isKeyTrouble(error: unknown): boolean {
  if (error instanceof oauth.UnsupportedOperationError || error instanceof oauth.AuthorizationResponseError)
    return false;
  if (!(error instanceof oauth.OperationProcessingError)) return true;
  return error.code === oauth.KEY_SELECTION || /signature verification failed/.test(error.message);
}

function keyIdOf(jws: string): string | undefined {
  const { kid } = jsonPart(jws);
  return typeof kid === "string" ? kid : undefined;
}
