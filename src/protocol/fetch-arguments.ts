/** What `fetch` was given, in two parts. */
export interface ApiRequest {
  readonly url: string | URL;
  readonly init: RequestInit;
}

/** A `Request` as its URL and the rest; what `init` says goes before, as with `fetch`. Its body is a stream. */
export function apiRequestOf(input: string | URL | Request, init: RequestInit | null | undefined): ApiRequest {
  if (!(input instanceof Request)) return { url: input, init: init ?? {} };
  const { url, method, headers, body, signal, redirect, credentials, integrity, keepalive } = new Request(
    input,
    init ?? {},
  );
  const rest = { method, headers, signal, redirect, credentials, integrity, keepalive };
  return { url, init: body === null ? rest : ({ ...rest, body, duplex: "half" } as RequestInit) };
}

/** What can be read once alone. */
export function isStream(body: unknown): boolean {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}
