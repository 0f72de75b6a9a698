const BY_NAME: Readonly<Record<string, string>> = {
  invalid_scope: "A requested scope is not allowed for this client: compare the scope option with its registration.",
  unauthorized_client:
    "This client may not use this flow: allow the authorization code grant (and the response type) in its registration.",
  unsupported_response_type: "The provider does not support this responseType.",
  unsupported_response_mode: "The provider does not support this responseMode.",
  invalid_request_object: "The provider refuses the signed request: compare requestObject with the registered keys.",
  request_not_supported: "The provider takes no signed requests: leave requestObject out.",
  invalid_target: "The provider does not know the requested resource: compare the resource option.",
  login_required: "Nobody is signed in at the provider, and prompt=none forbade it to ask.",
  interaction_required: "The provider had to ask something, and prompt=none forbade it.",
  consent_required:
    "The user has not consented, and the provider could not ask: prompt=none, or consent by an administrator is needed.",
  account_selection_required: "The user has several accounts at the provider, and prompt=none forbade it to ask.",
  server_error: "The provider failed. Its own log says why.",
  temporarily_unavailable: "The provider is overloaded or in maintenance. Try again in a while.",
};

/** What was sent that the provider may not like. */
export interface SentRequest {
  readonly redirectUri: string;
  readonly usePkce: boolean;
}

/** What to do about an error of the authorization endpoint, where that can be told. */
export function authorizationErrorHint(
  name: string,
  description: string | undefined,
  { redirectUri, usePkce }: SentRequest,
): string | undefined {
  if (/code.?challenge|pkce/i.test(description ?? "")) {
    return usePkce
      ? "The provider does not take the code challenge that was sent: its operator has to support PKCE with S256 (RFC 7636). usePkce: false sends none, which is less safe."
      : "The provider wants PKCE with S256 of this client: leave usePkce on.";
  }
  if (/redirect.?uri/i.test(description ?? "") || name === "invalid_redirect_uri") {
    return `The redirect URI must be registered exactly as it is sent: ${redirectUri}.`;
  }
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
}
