import type { User as OidcUser } from "../user.js";
import type { RequestOidc } from "./request-oidc.js";

/*
 * What Express's Request gains. The names and types of Passport's part are those of @types/passport, so that both may
 * stand in one program.
 */
declare global {
  namespace Express {
    interface User extends OidcUser {}

    interface AuthenticatedRequest extends Request {
      user: User;
    }

    interface UnauthenticatedRequest extends Request {
      user?: undefined;
    }

    interface Request {
      /** Who is signed in. */
      user?: User | undefined;
      /** Sign-in, sign-out, tokens. */
      oidc: RequestOidc;
      isAuthenticated(): this is AuthenticatedRequest;
      isUnauthenticated(): this is UnauthenticatedRequest;
      /** Signs in, under a new session id. */
      login(user: User, done: (err: unknown) => void): void;
      login(user: User, options: unknown, done: (err: unknown) => void): void;
      logIn(user: User, done: (err: unknown) => void): void;
      logIn(user: User, options: unknown, done: (err: unknown) => void): void;
      /** Ends the session of this app, and leaves the provider's alone. */
      logout(done: (err: unknown) => void): void;
      logout(options: unknown, done: (err: unknown) => void): void;
      logOut(done: (err: unknown) => void): void;
      logOut(options: unknown, done: (err: unknown) => void): void;
    }
  }
}
