import { ConfigurationError } from "../errors.js";
import { jsonPart } from "./jwt-json.js";
import type { CheckedMetadata } from "./provider-metadata.js";

/** Stands in Entra ID's metadata for the tenant, where an authority serves many. */
const TEMPLATE = "{tenantid}";

/** A tenant's id is a GUID: nothing else may fill the place, or any issuer could be spelled with it. */
const TENANT = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether metadata of this issuer speaks for many. */
export function isTemplate(issuer: string): boolean {
  return issuer.includes(TEMPLATE);
}

/** @throws ConfigurationError `ERR_OIDC_VALID_ISSUERS_MISSING` */
export function assertIssuerKnown(issuer: string, validIssuers: readonly string[] | undefined): void {
  if (!isTemplate(issuer) || validIssuers !== undefined) return;
  throw new ConfigurationError(
    "ERR_OIDC_VALID_ISSUERS_MISSING",
    `The provider's issuer is "${issuer}": it stands for many tenants, and tokens of any of them would sign in. Set authority to one tenant's, or tokenValidation.validIssuers to the issuers of the tenants that may sign in.`,
  );
}

/**
 * The issuer that a token must name: its own where `tokenValidation.validIssuers` lists it, else the metadata's. The
 * token is not believed for that: only a listed name counts, and the signature is checked afterwards.
 */
export function expectedIssuer(
  metadata: Pick<CheckedMetadata, "issuer">,
  validIssuers: readonly string[] | undefined,
  token: string,
): string {
  if (validIssuers === undefined) return metadata.issuer;
  const { iss, tid } = jsonPart(token.slice(token.indexOf(".") + 1));
  const tenant = typeof tid === "string" && TENANT.test(tid) ? tid : undefined;
  const isListed = validIssuers.some(
    (issuer) => issuer === iss || (tenant !== undefined && issuer.replace(TEMPLATE, tenant) === iss),
  );
  return isListed ? String(iss) : metadata.issuer;
}
