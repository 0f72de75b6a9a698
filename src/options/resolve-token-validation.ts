import { quote, record, seconds, text, textList } from "./checks.js";
import type { TokenValidationOptions } from "./open-id-connect-options.js";
import type { Problems } from "./problems.js";

/** What an ID token is held to. */
export interface ResolvedTokenValidation {
  readonly clockToleranceSeconds: number;
  readonly nameClaimType: string;
  readonly roleClaimTypes: readonly string[];
  readonly algorithms: readonly string[];
  readonly validIssuers: readonly string[] | undefined;
}

const KEYS: Readonly<Record<keyof TokenValidationOptions, true>> = {
  clockTolerance: true,
  nameClaimType: true,
  roleClaimType: true,
  algorithms: true,
  validIssuers: true,
};

/** Every asymmetric algorithm that openid-client verifies; never `none`, never a shared secret (HS*). */
export const SAFE_ALGORITHMS: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export function resolveTokenValidation(problems: Problems, given: unknown): ResolvedTokenValidation {
  const options: TokenValidationOptions = record(problems, "tokenValidation", given);
  problems.unknownKeys("tokenValidation", options, KEYS);
  return {
    clockToleranceSeconds: seconds(problems, "tokenValidation.clockTolerance", options.clockTolerance, 60, {
      least: 0,
    }),
    nameClaimType: text(problems, "tokenValidation.nameClaimType", options.nameClaimType) ?? "name",
    roleClaimTypes: textList(problems, "tokenValidation.roleClaimType", options.roleClaimType) ?? ["role", "roles"],
    algorithms: algorithms(problems, options.algorithms),
    validIssuers: validIssuers(problems, options.validIssuers),
  };
}

function algorithms(problems: Problems, given: unknown): readonly string[] {
  const list = textList(problems, "tokenValidation.algorithms", given) ?? SAFE_ALGORITHMS;
  for (const algorithm of list) {
    if (!SAFE_ALGORITHMS.includes(algorithm)) {
      problems.add(
        "tokenValidation.algorithms",
        `"${algorithm}" is not one of ${SAFE_ALGORITHMS.join(", ")}; set the client's ID token signature at the provider to one of them.`,
      );
    }
  }
  return list;
}

/** Issuers that ID tokens may name beside the metadata's own. */
function validIssuers(problems: Problems, given: unknown): readonly string[] | undefined {
  const list = textList(problems, "tokenValidation.validIssuers", given);
  for (const issuer of list ?? []) {
    if (URL.canParse(issuer)) continue;
    problems.add(
      "tokenValidation.validIssuers",
      `holds ${quote(issuer)}, which is no URL; give issuers as tokens name them.`,
    );
  }
  return list;
}
