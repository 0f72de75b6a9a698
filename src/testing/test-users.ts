/** Someone who can sign in at the test provider. */
export interface TestUser {
  readonly username: string;
  readonly password: string;
  /** @defaultValue the user name */
  readonly sub?: string | undefined;
  /** Claims by name; which of them a client sees depends on the scopes. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** An inactive user cannot sign in. @defaultValue true */
  readonly isActive?: boolean | undefined;
}

const PASSWORD = "Abcd@1234";

/** alice is an administrator, bob is not, carol is inactive. */
export const DEFAULT_USERS: readonly TestUser[] = [
  {
    username: "alice",
    password: PASSWORD,
    claims: {
      name: "Alice Smith",
      given_name: "Alice",
      family_name: "Smith",
      preferred_username: "alice",
      email: "alice@example.com",
      email_verified: true,
      role: ["admin", "user"],
      roles: ["admin", "user"],
    },
  },
  {
    username: "bob",
    password: PASSWORD,
    claims: {
      name: "Bob Jones",
      given_name: "Bob",
      family_name: "Jones",
      preferred_username: "bob",
      email: "bob@example.com",
      email_verified: true,
      role: "user",
      roles: ["user"],
    },
  },
  {
    username: "carol",
    password: PASSWORD,
    isActive: false,
    claims: { name: "Carol Gone", email: "carol@example.com", role: "user" },
  },
];
