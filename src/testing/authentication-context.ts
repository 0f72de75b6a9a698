/** The values of `acr` that this provider can give. */
export const ACR_VALUES: readonly string[] = ["urn:test:password", "mfa", "urn:mace:incommon:iap:silver"];

interface AcrRequest {
  readonly value?: unknown;
  readonly values?: unknown;
}

/**
 * How a login counts: this provider has one way to log in, and lets it count as what the client asked for, by
 * `acr_values` or by the `claims` parameter (OpenID Connect Core 5.5.1.1).
 */
export function authenticationContext(params: Readonly<Record<string, unknown>>): {
  readonly acr: string;
  readonly amr: string[];
} {
  const asked = [...requestedByClaim(params["claims"]), ...words(params["acr_values"])];
  const acr = asked.find((value) => ACR_VALUES.includes(value)) ?? "urn:test:password";
  return { acr, amr: acr === "mfa" ? ["pwd", "mfa"] : ["pwd"] };
}

function requestedByClaim(claims: unknown): readonly string[] {
  if (typeof claims !== "string") return [];
  try {
    const parsed = JSON.parse(claims) as { readonly id_token?: { readonly acr?: AcrRequest | null } | null } | null;
    const { value, values } = parsed?.id_token?.acr ?? {};
    return [value, ...(Array.isArray(values) ? (values as unknown[]) : [])].filter((one) => typeof one === "string");
  } catch {
    return [];
  }
}

function words(text: unknown): readonly string[] {
  return typeof text === "string" ? text.split(" ") : [];
}
