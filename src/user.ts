import type { Claims, JsonValue, Ticket } from "./model.js";

/** Where in the claims a user's name and roles stand. */
export interface UserClaimTypes {
  readonly nameClaimType: string;
  readonly roleClaimTypes: readonly string[];
}

/**
 * Who is signed in. Deeply frozen: requests of one session share it. Fields that `mapUser` added stand beside these.
 */
export class User {
  /** The provider's identifier of the user, never reassigned (OIDC Core 2). */
  readonly sub: string;
  /** Of `nameClaimType`. */
  readonly name: string | undefined;
  /** Of `roleClaimType`. */
  readonly roles: readonly string[];
  /** Raw names, as the provider gave them. */
  readonly claims: Claims;
  /** The scheme that authenticated the user. */
  readonly scheme: string;

  constructor(ticket: Pick<Ticket, "claims" | "scheme" | "userFields">, types: UserClaimTypes) {
    addFields(this, ticket.userFields);
    const { claims } = ticket;
    const name = claimAt(claims, types.nameClaimType);
    this.sub = typeof claims["sub"] === "string" ? claims["sub"] : "";
    this.name = typeof name === "string" ? name : undefined;
    this.roles = [...new Set(types.roleClaimTypes.flatMap((type) => texts(claimAt(claims, type))))];
    this.claims = claims;
    this.scheme = ticket.scheme;
    deepFreeze(this);
  }

  /** A copy with further fields, for one request; `name` and `roles` may be replaced. */
  withFields(fields: Readonly<Record<string, unknown>>): this {
    const copy = Object.create(Object.getPrototypeOf(this)) as this;
    Object.assign(copy, this);
    addFields(copy, fields);
    return Object.freeze(copy);
  }

  isInRole(role: string): boolean {
    return this.roles.includes(role);
  }

  /** The claim is there; with a value: it is that value, or a list that holds it. */
  hasClaim(type: string, value?: JsonValue): boolean {
    const found = claimAt(this.claims, type);
    if (found === undefined) return false;
    if (value === undefined) return true;
    return found === value || (Array.isArray(found) && found.includes(value));
  }
}

/** Own properties of any name but those of methods: `__proto__` is one among others, and `isInRole` stays what it is. */
function addFields(user: User, fields: Readonly<Record<string, unknown>> | undefined): void {
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (name in User.prototype) continue;
    Object.defineProperty(user, name, { value, enumerable: true, configurable: true, writable: true });
  }
}

/** A claim by its name or, where no claim has that name, by a dotted path into objects. */
export function claimAt(claims: Claims, type: string): JsonValue | undefined {
  if (Object.hasOwn(claims, type)) return claims[type];
  // Names on the way may hold dots too, as clients that are named like domains do.
  for (let dot = type.indexOf("."); dot !== -1; dot = type.indexOf(".", dot + 1)) {
    const name = type.slice(0, dot);
    const inner = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) continue;
    const found = claimAt(inner as Claims, type.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

function texts(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string" && entry !== "") : [];
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const entry of Object.values(value)) deepFreeze(entry);
}
