import { ProviderError } from "../errors.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { warnOnce } from "../warnings.js";

/** What a provider's answer may weigh, before anything is parsed. */
const MAX_RESPONSE_BYTES = 1_048_576;

/** One request to the provider; the answer is complete, bounded, and came in time. */
export type Backchannel = (url: string, init: BackchannelInit, timeoutSeconds?: number) => Promise<Response>;

/** What our callers, openid-client and oauth4webapi among them, set on a request. */
export interface BackchannelInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

type BackchannelOptions = Pick<
  ResolvedOpenIdConnectOptions,
  "fetch" | "backchannelTimeoutSeconds" | "clockToleranceSeconds" | "now"
>;

/**
 * Wraps `fetch`: the time covers the body too, the body is bounded, redirects are never followed, and a failure says
 * which host it was and what to look at.
 */
export function createBackchannel(options: BackchannelOptions): Backchannel {
  return async (url, init, timeoutSeconds = options.backchannelTimeoutSeconds) => {
    const send = options.fetch ?? fetch;
    const abort = new AbortController();
    const late = Symbol("late");
    let timer: NodeJS.Timeout | undefined;
    // An injected fetch may not heed the signal; the race keeps the promise of a bounded wait.
    const timeout = new Promise<typeof late>((resolve) => {
      timer = setTimeout(() => {
        resolve(late);
        abort.abort();
      }, timeoutSeconds * 1000);
      timer.unref();
    });
    try {
      const answer = await Promise.race([
        receive(send, url, { ...init, redirect: "manual", signal: abort.signal } as RequestInit),
        timeout,
      ]);
      if (answer === late) {
        throw new ProviderError(
          "ERR_OIDC_PROVIDER_TIMEOUT",
          `${place(url)} did not answer within ${timeoutSeconds} s (backchannelTimeout). Is the provider reachable from here, and healthy?`,
        );
      }
      if (init.method === "POST") compareClocks(url, answer, options);
      return answer;
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError("ERR_OIDC_PROVIDER_UNREACHABLE", `${place(url)} cannot be reached: ${reason(error)}`, {
        cause: error,
        headers: { "retry-after": "5" },
      });
    } finally {
      clearTimeout(timer);
    }
  };
}

/** A clock that is off makes good tokens look expired or premature; the Date header tells before that happens. */
function compareClocks(url: string, answer: Response, options: BackchannelOptions): void {
  const theirs = Date.parse(answer.headers.get("date") ?? "") / 1000;
  const difference = Math.round(theirs - options.now());
  if (Number.isNaN(difference) || Math.abs(difference) <= options.clockToleranceSeconds) return;
  warnOnce(
    "OIDC_CLOCK_SKEW",
    `The clock of ${new URL(url).origin} is ${Math.abs(difference)} s ${difference > 0 ? "ahead of" : "behind"} this machine's, by its Date header. Sign-ins may fail; set both by NTP.`,
    new URL(url).origin,
  );
}

async function receive(send: typeof fetch, url: string, init: RequestInit): Promise<Response> {
  const response = await send(url, init);
  return new ReceivedResponse(await bounded(response, url), response);
}

async function bounded(response: Response, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > MAX_RESPONSE_BYTES) {
      reader.cancel().catch(() => undefined);
      throw new ProviderError(
        "ERR_OIDC_PROVIDER_RESPONSE",
        `${place(url)} answered with more than ${MAX_RESPONSE_BYTES} bytes; it was not read further.`,
      );
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks);
}

const utf8 = new TextDecoder();

/** A response that is here in full. Its body is read from memory: streams would cost more than the rest of the exchange. */
class ReceivedResponse extends Response {
  readonly #body: Buffer;

  constructor(body: Buffer, { status, headers }: Pick<Response, "status" | "headers">) {
    // A Response made here cannot have a status below 200; a conforming fetch never answers one.
    super(null, { status: Math.max(status, 200), headers });
    this.#body = body;
  }

  override readonly text = async (): Promise<string> => utf8.decode(this.#body);

  override readonly json = async (): Promise<unknown> => JSON.parse(utf8.decode(this.#body));

  override readonly clone = (): ReceivedResponse => new ReceivedResponse(this.#body, this);
}

/** Origin and path of a URL: its query may hold what no message may hold. */
export function place(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed === undefined ? "The provider" : `${parsed.origin}${parsed.pathname}`;
}

const HINTS: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name does not resolve (DNS). Check authority for a typing error, and this machine's DNS.",
  EAI_AGAIN: "the host name did not resolve (DNS did not answer). Check this machine's DNS.",
  ECONNREFUSED: "nothing listens there. Is the provider started, and is the port right?",
  ECONNRESET: "the connection was cut. Is https spoken to an http port, or a proxy in between?",
  EHOSTUNREACH: "no route to the host.",
  UND_ERR_CONNECT_TIMEOUT: "the connection was not accepted in time.",
  UND_ERR_SOCKET: "the connection was cut before the answer was complete.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed. Name it to Node with NODE_EXTRA_CA_CERTS.",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate chain is self-signed. Name the CA to Node with NODE_EXTRA_CA_CERTS.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an unknown CA. Name the CA with NODE_EXTRA_CA_CERTS.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an unknown CA. Name the CA with NODE_EXTRA_CA_CERTS.",
  CERT_HAS_EXPIRED: "its TLS certificate has expired.",
  ERR_TLS_CERT_ALTNAME_INVALID: "its TLS certificate is for another host name.",
  EPROTO: "TLS failed. Is https spoken to an http port?",
  ERR_SSL_WRONG_VERSION_NUMBER:
    "TLS failed: http is spoken there. Is the port right, or should the URL begin with http?",
  CERT_NOT_YET_VALID: "its TLS certificate is not valid yet. Compare the clocks.",
  ETIMEDOUT: "the connection was not accepted in time. Is a firewall in between?",
  ENETUNREACH: "no route to the network.",
};

/** Codes come in families, of which the usual ones alone stand above. */
function hint(code: string): string {
  const own = Object.hasOwn(HINTS, code) ? HINTS[code] : undefined;
  if (own !== undefined) return own;
  if (/CERT|ISSUER|HOSTNAME_MISMATCH/.test(code)) {
    return "its TLS certificate is not accepted. Name its CA to Node with NODE_EXTRA_CA_CERTS.";
  }
  return /SSL|TLS/.test(code) ? "TLS failed. Is https spoken to an http port?" : "the request failed.";
}

function reason(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = (current as { readonly code?: unknown }).code;
    if (typeof code === "string") return `${hint(code)} (${code})`;
  }
  return "the request failed.";
}
