import type { ErrorRequestHandler } from "express";
import { page, problem } from "../authentication/answers.js";
import { escapeHtml, renderPage } from "../authentication/page.js";
import { isPageView } from "../authentication/request-kind.js";
import { ConfigurationError, isInternal, OpenIdConnectError, SessionStoreError } from "../errors.js";
import { assertCalled } from "./assert-called.js";

const TITLES: Readonly<Record<number, string>> = {
  401: "Sign-in required",
  403: "Access denied",
  502: "The sign-in service answered wrongly",
  503: "The sign-in service is not reachable",
  504: "The sign-in service did not answer in time",
};

function titleOf(error: OpenIdConnectError): string {
  if (error instanceof ConfigurationError) return "Sign-in is not set up";
  if (error instanceof SessionStoreError) return "Sessions are not reachable";
  return TITLES[error.status] ?? "The sign-in did not work";
}

/**
 * An error handler that shows this library's errors as a page, or as a problem (RFC 9457) to anything that is not a
 * page view. Other errors go on. Mount it after the routes.
 *
 * What only developers and operators can act on is told in full while Express's `env` is not "production"; after that
 * the page gives its code alone. It goes to `console.error` too, as Express's own error handler does it: unless `env` is
 * "test".
 */
export function loginErrorPage(...misused: readonly never[]): ErrorRequestHandler {
  assertCalled("loginErrorPage()", misused);
  return (error: unknown, req, res, next) => {
    if (!(error instanceof OpenIdConnectError) || res.headersSent) {
      next(error);
      return;
    }
    for (const [name, value] of Object.entries(error.headers ?? {})) res.setHeader(name, value);
    const env: unknown = req.app.get("env");
    const isForOperator = isInternal(error);
    // Its stack alone: a cause may hold what a provider answered.
    if (isForOperator && env !== "test") console.error(error.stack);
    const title = titleOf(error);
    if (!isPageView(req)) {
      problem(res, { title, status: error.status, code: error.code, loginUrl: error.loginUrl });
      return;
    }
    const message =
      isForOperator && env === "production"
        ? "It is not your doing. Try again in a while; if it stays, tell who runs this app the code below."
        : error.message;
    const again =
      error.loginUrl === undefined
        ? ""
        : `<p><a class="button" href="${escapeHtml(error.loginUrl)}">Sign in again</a></p>`;
    const html = renderPage(
      title,
      `<p>${escapeHtml(message)}</p>${again}<p><code>${escapeHtml(error.code)}</code></p>`,
    );
    page(res, error.status, html);
  };
}
