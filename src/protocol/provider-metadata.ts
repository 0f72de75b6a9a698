import { ConfigurationError, type OpenIdConnectError, ProviderError } from "../errors.js";
import type { ProviderMetadata } from "../options/open-id-connect-options.js";
import type { ResolvedOpenIdConnectOptions } from "../options/resolve-open-id-connect-options.js";
import { type Backchannel, place } from "./backchannel.js";
import { assertIssuerKnown, isTemplate } from "./valid-issuers.js";

/** Metadata with the endpoints that no sign-in can do without. */
export interface CheckedMetadata extends ProviderMetadata {
  readonly authorization_endpoint: string;
  readonly jwks_uri: string;
}

/** The provider's metadata, fetched when first needed and kept. */
export interface MetadataSource {
  /**
   * Good metadata at once where there is some, however old: an aged one is renewed behind the request's back.
   * Only a request that finds none waits, and all such requests wait for one fetch.
   */
  get(): CheckedMetadata | Promise<CheckedMetadata>;
  /** What is at hand, without asking. */
  known(): CheckedMetadata | undefined;
}

const FIRST_BACK_OFF_SECONDS = 1;
const LONGEST_BACK_OFF_SECONDS = 15;
const MAX_REDIRECTS = 3;

/** Issuers stand in messages and logs: nothing that would be markup, another line or a flood there can be one. */
const ISSUER = /^[^\s\p{Cc}"<>]{1,1000}$/u;

type MetadataOptions = Pick<
  ResolvedOpenIdConnectOptions,
  | "metadata"
  | "requireHttps"
  | "responseType"
  | "validIssuers"
  | "automaticRefreshIntervalSeconds"
  | "refreshIntervalSeconds"
  | "firstDiscoveryTimeoutSeconds"
  | "backchannelTimeoutSeconds"
  | "now"
  | "logger"
>;

export function createMetadataSource(options: MetadataOptions, backchannel: Backchannel): MetadataSource {
  const { metadata: source, now, logger } = options;
  if (source.kind === "static") {
    const checked = checkMetadata(source.metadata, "configuration", options);
    assertIssuerKnown(checked.issuer, options.validIssuers);
    return { get: () => checked, known: () => checked };
  }

  let good: { readonly metadata: CheckedMetadata; readonly fetchedAt: number } | undefined;
  let inFlight: Promise<CheckedMetadata> | undefined;
  let failure: { readonly error: OpenIdConnectError; readonly until: number; readonly backOff: number } | undefined;
  let nextRenewalAt = 0;

  const load = (timeoutSeconds: number): Promise<CheckedMetadata> => {
    inFlight ??= discover(source.url, source.authority, options, backchannel, timeoutSeconds)
      .then((metadata) => {
        good = { metadata, fetchedAt: now() };
        failure = undefined;
        return metadata;
      })
      .catch((error: OpenIdConnectError) => {
        const backOff = Math.min((failure?.backOff ?? FIRST_BACK_OFF_SECONDS / 2) * 2, LONGEST_BACK_OFF_SECONDS);
        failure = { error, backOff, until: now() + backOff };
        logger?.error?.({ event: "discovery_failed", code: error.code, retryInSeconds: backOff }, error.message);
        throw withRetryAfter(error, backOff);
      })
      .finally(() => {
        inFlight = undefined;
      });
    return inFlight;
  };

  return {
    known: () => good?.metadata,
    get() {
      if (good !== undefined) {
        const time = now();
        if (time - good.fetchedAt > options.automaticRefreshIntervalSeconds && time >= nextRenewalAt) {
          nextRenewalAt = time + options.refreshIntervalSeconds;
          load(options.backchannelTimeoutSeconds).catch(() => undefined);
        }
        return good.metadata;
      }
      if (inFlight === undefined && failure !== undefined) {
        const wait = failure.until - now();
        // A clock that was set back must not make seconds of waiting into hours.
        if (wait > 0 && wait <= failure.backOff) return Promise.reject(withRetryAfter(failure.error, wait));
      }
      return load(options.firstDiscoveryTimeoutSeconds);
    },
  };
}

/** A new error for each request, so that none shares another's stack or headers. */
function withRetryAfter(error: OpenIdConnectError, seconds: number): OpenIdConnectError {
  if (!(error instanceof ProviderError)) return error;
  const code = error.code as ConstructorParameters<typeof ProviderError>[0];
  const headers = { "retry-after": String(Math.max(1, Math.ceil(seconds))) };
  return new ProviderError(code, error.message, { cause: error.cause, headers });
}

async function discover(
  url: string,
  authority: string | undefined,
  options: MetadataOptions,
  backchannel: Backchannel,
  timeoutSeconds: number,
): Promise<CheckedMetadata> {
  const document = await fetchDocument(url, backchannel, timeoutSeconds);
  const metadata = checkMetadata(document, place(url), options);
  assertIssuerKnown(metadata.issuer, options.validIssuers);
  // Only a slash at the end may differ: the identifier that counts is the metadata's own, and tokens must repeat it.
  if (isTemplate(metadata.issuer)) return metadata;
  if (authority !== undefined && withoutSlash(metadata.issuer) !== withoutSlash(authority)) {
    throw new ProviderError(
      "ERR_OIDC_METADATA_INVALID",
      `${place(url)} says that its issuer is "${metadata.issuer}", and authority is "${authority}". Set authority to the provider's own name for itself, or metadataAddress where the two must differ.`,
    );
  }
  return metadata;
}

function withoutSlash(issuer: string): string {
  return (URL.canParse(issuer) ? new URL(issuer).href : issuer).replace(/\/+$/, "");
}

async function fetchDocument(first: string, backchannel: Backchannel, timeoutSeconds: number): Promise<unknown> {
  let url = first;
  const startedAt = performance.now();
  for (let redirects = 0; ; redirects++) {
    // Redirects share the one time: each of them with a full one would keep a first request waiting four times as long.
    const left = Math.max(timeoutSeconds - (performance.now() - startedAt) / 1000, 0.01);
    const response = await backchannel(
      url,
      { method: "GET", headers: { accept: "application/json" } },
      redirects === 0 ? timeoutSeconds : Number(left.toFixed(2)),
    );
    if (response.status >= 300 && response.status < 400) {
      url = redirectTarget(url, response.headers.get("location"), redirects);
      continue;
    }
    const type = response.headers.get("content-type")?.split(";")[0] ?? "no content type";
    if (response.status !== 200) {
      const isAway = response.status >= 500 || response.status === 429;
      throw new ProviderError(
        "ERR_OIDC_METADATA_INVALID",
        `${place(url)} answered ${response.status} (${type}) instead of the provider's metadata. ${
          isAway
            ? "The provider, or a proxy before it, is failing or overloaded; its own log says why."
            : "Is authority the provider's issuer URL, with its path?"
        }`,
      );
    }
    try {
      return await response.json();
    } catch (cause) {
      throw new ProviderError(
        "ERR_OIDC_METADATA_INVALID",
        `${place(url)} answered with ${type}, and it is not JSON. Is authority the provider's issuer URL, and not a page of it?`,
        { cause },
      );
    }
  }
}

function redirectTarget(from: string, location: string | null, redirects: number): string {
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (target === undefined || target.origin !== new URL(from).origin || redirects >= MAX_REDIRECTS) {
    throw new ProviderError(
      "ERR_OIDC_METADATA_INVALID",
      `${place(from)} redirects ${target === undefined ? "nowhere" : `to ${target.origin === "null" ? target.protocol : target.origin}`}; only up to ${MAX_REDIRECTS} redirects within its own origin are followed. Set authority to where the provider really is.`,
    );
  }
  return target.href;
}

function checkMetadata(
  document: unknown,
  from: string,
  { requireHttps, responseType }: Pick<MetadataOptions, "requireHttps" | "responseType">,
): CheckedMetadata {
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new ProviderError("ERR_OIDC_METADATA_INVALID", `${from} is not a metadata object.`);
  }
  // Some providers write out what they do not have, as null or as an empty text.
  const metadata: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(document).filter(([, value]) => value !== null && value !== ""),
  );
  if (typeof metadata["issuer"] !== "string") {
    throw new ProviderError("ERR_OIDC_METADATA_INVALID", `${from} has no issuer.`);
  }
  if (!ISSUER.test(metadata["issuer"])) {
    throw new ProviderError("ERR_OIDC_METADATA_INVALID", `${from} gives something that is not a URL as its issuer.`);
  }
  // A provider of the implicit flow alone has no token endpoint (Discovery 3).
  const tokenEndpoint = responseType === "id_token" ? [] : ["token_endpoint"];
  const missing = ["authorization_endpoint", ...tokenEndpoint, "jwks_uri"].filter(
    (name) => metadata[name] === undefined,
  );
  if (missing.length > 0) {
    throw new ConfigurationError(
      "ERR_OIDC_METADATA_INCOMPLETE",
      `${from} has no ${missing.join(", no ")}, which a sign-in needs. Is it an OpenID Connect provider?`,
    );
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (!name.endsWith("_endpoint") && name !== "jwks_uri") continue;
    const url = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
    if (url?.protocol === "https:" || (url?.protocol === "http:" && !requireHttps)) continue;
    throw new ProviderError(
      "ERR_OIDC_METADATA_INVALID",
      url?.protocol === "http:"
        ? `${from} gives an http URL as ${name}. Use https at the provider; only for a developer's machine set requireHttpsMetadata to false.`
        : `${from} gives something that is not an http(s) URL as ${name}.`,
    );
  }
  return Object.freeze({ ...metadata }) as unknown as CheckedMetadata;
}
