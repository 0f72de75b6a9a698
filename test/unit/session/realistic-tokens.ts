import { generateKeyPairSync, sign } from "node:crypto";
import type { Claims, SavedTokens, Ticket } from "../../../src/model.js";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A compact JWS signed with RS256: 256 bytes of signature. */
export function jwt(header: object, payload: object): string {
  const input = `${text({ alg: "RS256", ...header })}.${text(payload)}`;
  return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
}

export const idTokenClaims = {
  iss: "https://login.contoso-identity.com/realms/customers",
  sub: "8f14e45f-ceea-467f-a0e6-3f2b1c9d7a55",
  aud: "orders-web",
  azp: "orders-web",
  exp: 1_790_003_600,
  iat: 1_790_000_000,
  auth_time: 1_789_999_990,
  nonce: "n0Nq3mV2kT8wLx5sYb7cRg",
  at_hash: "x1Gm5dPvQ0o2c8JtYk4s9A",
  sid: "b7c1f0de-5a43-4f0e-9f5d-c8a2671e90ab",
  acr: "1",
  amr: ["pwd", "mfa"],
  name: "Adaeze Okonkwo",
  given_name: "Adaeze",
  family_name: "Okonkwo",
  preferred_username: "adaeze.okonkwo",
  email: "adaeze.okonkwo@contoso.example",
  email_verified: true,
} as const;

const kid = "Zk7cQ1xW9uB4nE6rT2yL8pS3vD5gH0jM";

/** Id token of 1.1 kB, access token of 1.2 kB, an opaque refresh token of 100 bytes. */
export const tokens: SavedTokens = {
  idToken: jwt({ typ: "JWT", kid }, idTokenClaims),
  accessToken: jwt(
    { typ: "at+jwt", kid },
    {
      iss: idTokenClaims.iss,
      sub: idTokenClaims.sub,
      aud: ["https://api.contoso.example/orders", "https://api.contoso.example/stock"],
      client_id: "orders-web",
      exp: 1_790_000_300,
      iat: 1_790_000_000,
      jti: "3e0d5b1c-7a92-4c68-8e1f-64b09d2f7c13",
      sid: idTokenClaims.sid,
      scope: "openid profile email offline_access orders:read orders:write stock:read",
      tenant: "contoso-west-europe",
      department: "Fulfilment",
      resource_access: { "orders-web": { roles: ["approve-returns"] } },
      realm_access: { roles: ["clerk", "warehouse", "offline_access"] },
    },
  ),
  refreshToken: "0.AXoAq7n2Vd8kRZ6uTqLw3Yh1cFp5sGxJbM9oEiKzN4vQ_tWmC.AgABAAEAAAAmoFfGtYxvRrNriQdPKIZ-2b7LhXc0aUeSj8Dy",
  tokenType: "bearer",
  accessTokenExpiresAtSeconds: 1_790_000_300,
};

const protocolClaims = ["iss", "aud", "azp", "exp", "iat", "nonce", "at_hash"];

/** What stays of the ID token for the user. */
export const claims: Claims = Object.fromEntries(
  Object.entries(idTokenClaims).filter(([name]) => !protocolClaims.includes(name)),
);

export const ticket: Ticket = {
  sessionId: "Q0s1c9mB7xYtLr3vNf2KgA",
  version: 1,
  scheme: "oidc",
  transactionId: "kT8wLx5sYb7cRgn0Nq3mVw",
  signedInAtSeconds: 1_790_000_001,
  issuedAtSeconds: 1_790_000_001,
  expiresAtSeconds: 1_790_028_801,
  isPersistent: false,
  claims,
  evidence: {
    issuer: idTokenClaims.iss,
    subject: idTokenClaims.sub,
    providerSessionId: idTokenClaims.sid,
    authTimeSeconds: idTokenClaims.auth_time,
    acr: idTokenClaims.acr,
    amr: idTokenClaims.amr,
  },
  grantedScopes: ["openid", "profile", "email", "offline_access", "orders:read", "orders:write", "stock:read"],
};
