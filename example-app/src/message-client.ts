import type { MessageList } from "./message-api.js";

export type MessagesResult =
  | { readonly isAvailable: true; readonly list: MessageList }
  | { readonly isAvailable: false; readonly status: number; readonly problem: MessagesProblem };

/** What stands between the user and the messages. */
export type MessagesProblem = "no-token" | "refused" | "down";

/** Asks the message API with the user's access token. What goes wrong there is an answer here, not an exception. */
export async function readMessages(apiUrl: string, accessToken: string | undefined): Promise<MessagesResult> {
  if (accessToken === undefined) return { isAvailable: false, status: 403, problem: "no-token" };
  try {
    const response = await fetch(new URL("/messages", apiUrl), {
      headers: { accept: "application/json", authorization: `Bearer ${accessToken}` },
      signal: AbortSignal.timeout(5_000),
    });
    if (response.ok) return { isAvailable: true, list: (await response.json()) as MessageList };
    // The token has expired, or is for another audience.
    if (response.status === 401 || response.status === 403) {
      return { isAvailable: false, status: 403, problem: "refused" };
    }
    return { isAvailable: false, status: 503, problem: "down" };
  } catch {
    return { isAvailable: false, status: 503, problem: "down" };
  }
}
