import { ConfigurationError } from "../errors.js";
import type { SavedTokens, Ticket } from "../model.js";

/** Runs `work`; a ticket that is too large is told apart by its parts. */
export function explainSize<T>(ticket: Ticket, tokens: SavedTokens | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== "ERR_OIDC_TICKET_TOO_LARGE") throw error;
    const parts: readonly (readonly [string, number])[] = [
      ["claims", Buffer.byteLength(JSON.stringify(ticket.claims))],
      ["mapUser fields", Buffer.byteLength(JSON.stringify(ticket.userFields ?? ""))],
      ["items", Buffer.byteLength(JSON.stringify(ticket.items ?? ""))],
      ["access_token", tokens?.accessToken?.length ?? 0],
      ["id_token", tokens?.idToken?.length ?? 0],
      ["refresh_token", tokens?.refreshToken?.length ?? 0],
      ["access tokens of other resources", JSON.stringify(tokens?.accessTokens ?? "").length],
    ];
    const sizes = parts
      .filter(([, size]) => size > 2)
      .map(([name, size]) => `${name} ${size}`)
      .join(", ");
    throw new ConfigurationError(
      "ERR_OIDC_TICKET_TOO_LARGE",
      `${error.message} Before compression, in bytes: ${sizes}. Keep fewer tokens (saveTokens takes a list), ask for fewer claims (scope), or keep sessions on the server (session.store).`,
    );
  }
}
