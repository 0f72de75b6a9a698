import { CallbackError } from "../errors.js";
import type { CallbackMessage } from "./callback-message.js";

/** The user, or the provider, said no (RFC 6749 4.1.2.1). */
export function accessDenied(message: CallbackMessage): CallbackError {
  return new CallbackError(
    "ERR_OIDC_ACCESS_DENIED",
    "The sign-in was cancelled, or the provider denied it (access_denied).",
    {
      error: message["error"],
      errorDescription: message["error_description"],
      errorUri: message["error_uri"],
    },
  );
}
