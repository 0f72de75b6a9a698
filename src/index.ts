import "./express/request-augmentation.js";

export type * from "./errors.js";
export {
  AuthorizationError,
  CallbackError,
  ConfigurationError,
  LogoutTokenError,
  OpenIdConnectError,
  ProviderError,
  SessionStoreError,
  TokenError,
} from "./errors.js";
export { addOpenIdConnect } from "./express/add-open-id-connect.js";
export type { AuthenticationHandler, SessionsToRevoke } from "./express/authentication-handler.js";
export {
  type AuthorizationContext,
  authorize,
  requireAuth,
  requireClaim,
  requireRole,
  requireScope,
} from "./express/guards.js";
export { loginErrorPage } from "./express/login-error-page.js";
export type { RequestOidc, TokenName } from "./express/request-oidc.js";
export type { SignInUser } from "./express/sign-in-user.js";
export type { Claims, DPoPKey, JsonValue, SavedTokens } from "./model.js";
export { ClaimActions } from "./options/claim-actions.js";
export type * from "./options/events.js";
export { type EnvironmentOptions, fromEnvironment } from "./options/from-environment.js";
export type * from "./options/open-id-connect-options.js";
export type { NamedPrivateKey, PrivateKeyMaterial } from "./options/private-key.js";
export type * from "./options/refresh-options.js";
export type * from "./options/request-options.js";
export type * from "./options/session-events.js";
export type { CookieOptions, RevocationStore, SessionOptions, SessionStore } from "./options/session-options.js";
export { User } from "./user.js";
