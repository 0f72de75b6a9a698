import { ReadableStream } from "node:stream/web";
import * as oauth from "oauth4webapi";
import type { DPoPKey } from "../model.js";
import { createClient } from "./client.js";
import { createDPoP } from "./dpop.js";
import { type ApiRequest, isStream } from "./fetch-arguments.js";
import type { Provider } from "./provider.js";

/** An access token as it goes to an API. */
export interface ApiToken {
  readonly accessToken: string;
  readonly dPoPKey?: DPoPKey | undefined;
}

/**
 * `fetch` to an API with an access token: as a bearer (RFC 6750), or with a proof of possession where it is bound to a
 * key (RFC 9449 7). A redirect to another origin does not carry it: that is `fetch`'s own rule for Authorization; a proof
 * is for one URL, so with it no redirect is followed.
 */
export async function apiRequest(
  provider: Provider,
  { accessToken, dPoPKey }: ApiToken,
  { url, init }: ApiRequest,
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (dPoPKey === undefined) {
    headers.set("authorization", `Bearer ${accessToken}`);
    return fetch(url, { ...init, headers });
  }
  const client = createClient(provider, await provider.metadata());
  const options = {
    DPoP: await createDPoP(client, dPoPKey),
    [oauth.allowInsecureRequests]: !provider.options.requireHttps,
    ...(init.signal != null && { signal: init.signal }),
  };
  const method = init.method ?? "GET";
  headers.delete("authorization");
  headers.delete("dpop");
  // oauth4webapi knows no other streams.
  const body = isStream(init.body) ? ReadableStream.from(init.body as unknown as AsyncIterable<Uint8Array>) : init.body;
  const ask = () =>
    oauth.protectedResourceRequest(
      accessToken,
      method,
      new URL(url),
      headers,
      body as oauth.ProtectedResourceRequestBody,
      options,
    );
  try {
    return await ask().catch((error: unknown) => {
      // A stream has been read and cannot be sent again.
      if (oauth.isDPoPNonceError(error) && !isStream(init.body)) return ask();
      throw error;
    });
  } catch (error) {
    // A challenge is an answer like any other to who asked.
    if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
    throw error;
  }
}
