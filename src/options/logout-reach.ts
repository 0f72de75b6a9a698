import { warnOnce } from "../warnings.js";
import type { ResolvedOpenIdConnectOptions } from "./resolve-open-id-connect-options.js";
import type { ResolvedSessionOptions } from "./resolve-session-options.js";

/** Where sessions are remembered, as far as it decides how far a back-channel logout reaches. */
type Memory = Pick<ResolvedSessionOptions, "isMounted" | "store" | "revocations">;

/** A session in the cookie cannot be taken back from the browser: what has ended is known to this process alone. */
export function warnOfLogoutReach(session: Memory, { paths }: Pick<ResolvedOpenIdConnectOptions, "paths">): void {
  if (paths.backchannelLogout === undefined) return;
  if (session.store !== undefined || session.revocations !== undefined) return;
  const [place, remedy] = session.isMounted
    ? ["express-session, which cannot be searched", "session.revocations"]
    : ["the cookie", "session.store or session.revocations"];
  warnOnce(
    "OIDC_LOGOUT_REACH",
    `Sessions live in ${place}, so a back-channel logout reaches this process alone, until it restarts: set ${remedy}, or backchannelLogoutPath: false.`,
  );
}

/** With a store, the mark that ends a user's sessions is read only while the provider can set it too. */
export function warnOfUserReach(): void {
  warnOnce(
    "OIDC_LOGOUT_REACH",
    "The provider's metadata does not say backchannel_logout_supported, so no node looks for users whose sessions have ended: the end of all sessions of a user reaches this process alone. Ends by sid or sessionId reach every node.",
    "of a user",
  );
}
