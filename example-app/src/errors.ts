import { AuthorizationError, ConfigurationError, OpenIdConnectError, ProviderError } from "add-openid-connect";
import type { ErrorRequestHandler } from "express";
import { errorPage, forbiddenPage } from "./pages.js";

/** The last stop of every error: a page for people, a problem (RFC 9457) for everything else. */
export const showError: ErrorRequestHandler = (error: unknown, req, res, next) => {
  if (res.headersSent) {
    next(error);
    return;
  }
  const status = statusOf(error);
  if (status >= 500) console.error(error);
  if (error instanceof OpenIdConnectError && error.headers !== undefined) res.set(error.headers);
  res.status(status);
  if (req.accepts(["html", "json"]) !== "html") {
    const code = error instanceof OpenIdConnectError ? error.code : undefined;
    res.type("application/problem+json").send(JSON.stringify({ title: titleOf(status), status, code }));
    return;
  }
  if (error instanceof AuthorizationError && status === 403) {
    res.send(forbiddenPage(req, error.message).toString());
    return;
  }
  res.send(
    errorPage(req, {
      title: titleOf(status),
      message: messageOf(error, req.app.get("env") === "production"),
      code: error instanceof OpenIdConnectError ? error.code : undefined,
      tryAgainUrl: error instanceof OpenIdConnectError ? (error.loginUrl ?? "/login") : undefined,
    }).toString(),
  );
};

function statusOf(error: unknown): number {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}

function titleOf(status: number): string {
  if (status === 403) return "Access was not granted";
  if (status >= 502) return "The sign-in service is not available";
  return status >= 500 ? "Something went wrong" : "That did not work";
}

/** What the user did is told as it is. What only developers and operators can act on is for the log in production. */
function messageOf(error: unknown, isProduction: boolean): string {
  const isForUsers = !(error instanceof ConfigurationError || error instanceof ProviderError);
  if (error instanceof OpenIdConnectError && (isForUsers || !isProduction)) return error.message;
  return "It is not your doing. Please try again in a while.";
}
