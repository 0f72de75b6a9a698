import { warnOnce } from "../warnings.js";
import { absoluteUrl, record, text } from "./checks.js";
import type { OpenIdConnectOptions, ProviderMetadata } from "./open-id-connect-options.js";
import type { Problems } from "./problems.js";

/** Where provider metadata comes from. */
export type MetadataSource =
  | { readonly kind: "static"; readonly metadata: ProviderMetadata }
  | { readonly kind: "discovery"; readonly url: string; readonly authority: string | undefined };

export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

export function resolveMetadataSource(
  problems: Problems,
  options: OpenIdConnectOptions,
  https: boolean,
): MetadataSource {
  const authority = absoluteUrl(problems, "authority", options.authority, https);
  const address = absoluteUrl(problems, "metadataAddress", options.metadataAddress, https);
  for (const url of [authority, address]) {
    if (url?.protocol === "http:" && !isLoopback(url.hostname)) {
      warnOnce(
        "OIDC_INSECURE_PROVIDER",
        `requireHttpsMetadata is false and ${url.origin} is plain http: anyone on the way can sign in as anyone.`,
        url.origin,
      );
    }
  }
  const { configuration } = options;
  if (configuration !== undefined) {
    const metadata: ProviderMetadata = record(problems, "configuration", configuration) as ProviderMetadata;
    if (metadata.issuer === undefined) problems.add("configuration.issuer", "is missing.");
    const issuer = text(problems, "configuration.issuer", metadata.issuer);
    if (issuer !== undefined && !URL.canParse(issuer)) problems.add("configuration.issuer", "must be a URL.");
    for (const [name, value] of Object.entries(metadata)) {
      if (name.endsWith("_endpoint") || name === "jwks_uri") {
        absoluteUrl(problems, `configuration.${name}`, value, https);
      }
    }
    return { kind: "static", metadata };
  }
  if (authority !== undefined && (authority.search !== "" || authority.hash !== "")) {
    problems.add("authority", "must have no query and no fragment: give the issuer URL alone.");
  }
  if (/\/\.well-known(?:\/|$)/.test(authority?.pathname ?? "")) {
    problems.add("authority", "is a metadata document; give the part before /.well-known/, or use metadataAddress.");
  }
  if (options.authority === undefined && options.metadataAddress === undefined) {
    problems.add(
      "authority",
      "is missing. Give authority (the provider's URL), metadataAddress (of its metadata) or configuration (the metadata); fromEnvironment() reads OIDC_AUTHORITY.",
    );
  }
  const given = authority === undefined ? undefined : String(options.authority);
  return {
    kind: "discovery",
    url: address?.href ?? `${(given ?? "").replace(/\/+$/, "")}/.well-known/openid-configuration`,
    authority: given,
  };
}
