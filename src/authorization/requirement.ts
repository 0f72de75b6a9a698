import type { Claims, JsonValue } from "../model.js";
import type { User } from "../user.js";

/** Who asks, as requirements see them. */
export interface Subject {
  readonly user: User;
  readonly grantedScopes: readonly string[];
}

/** One condition on a signed-in user. */
export interface Requirement {
  /** Ends the sentence "This needs …". */
  readonly description: string;
  isMetBy(subject: Subject): boolean;
  /** What a developer should look at when it is not met, where something looks like a wrong setting. */
  advice?(subject: Subject): string | undefined;
}

/** Any of the roles. */
export function roleRequirement(roles: readonly string[]): Requirement {
  return {
    description: `the role ${roles.map((role) => `"${role}"`).join(" or ")}`,
    isMetBy: ({ user }) => roles.some((role) => user.isInRole(role)),
    advice({ user }) {
      const claim = user.roles.length > 0 ? undefined : claimWithRole(user.claims, roles, 3);
      if (claim === undefined) return undefined;
      return `A user without roles was refused, whose claim "${claim}" holds one that the guard asks for: set tokenValidation.roleClaimType to "${claim}".`;
    },
  };
}

/** The claim is there and, where values are named, has any of them. */
export function claimRequirement(type: string, values: readonly JsonValue[]): Requirement {
  return {
    description: `the claim "${type}"${values.length === 0 ? "" : ` with ${values.map((value) => JSON.stringify(value)).join(" or ")}`}`,
    isMetBy: ({ user }) =>
      values.length === 0 ? user.hasClaim(type) : values.some((value) => user.hasClaim(type, value)),
  };
}

/** Every scope was granted. */
export function scopeRequirement(scopes: readonly string[]): Requirement {
  return {
    description: `the scope ${scopes.map((scope) => `"${scope}"`).join(" and ")}`,
    isMetBy: ({ grantedScopes }) => scopes.every((scope) => grantedScopes.includes(scope)),
  };
}

/** The name, or dotted path, of a claim that holds one of the roles. */
function claimWithRole(claims: Claims, roles: readonly string[], depth: number): string | undefined {
  for (const [name, value] of Object.entries(claims)) {
    const texts = Array.isArray(value) ? value : [value];
    if (texts.some((text) => typeof text === "string" && roles.includes(text))) return name;
    if (depth > 1 && typeof value === "object" && value !== null && !Array.isArray(value)) {
      const below = claimWithRole(value as Claims, roles, depth - 1);
      if (below !== undefined) return `${name}.${below}`;
    }
  }
  return undefined;
}
