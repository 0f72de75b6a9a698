import type { JsonValue } from "../model.js";
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
}

/** Any of the roles. */
export function roleRequirement(roles: readonly string[]): Requirement {
  return {
    description: `the role ${roles.map((role) => `"${role}"`).join(" or ")}`,
    isMetBy: ({ user }) => roles.some((role) => user.isInRole(role)),
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
