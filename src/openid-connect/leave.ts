import { createHash } from "node:crypto";
import { page } from "../authentication/answers.js";
import type { Exchange } from "../authentication/exchange.js";
import { escapeHtml, renderPage } from "../authentication/page.js";
import { type Remote, redirectLocally } from "./remote.js";

const SUBMIT = "document.forms[0].submit()";
const SUBMIT_SOURCE = `'sha256-${createHash("sha256").update(SUBMIT).digest("base64")}'`;

/**
 * Sends the browser to the provider: by a redirect or, where a URL would be too long, by a form that submits itself, and
 * has a button where scripts are off.
 *
 * @param location the endpoint with the request's parameters after those of its own
 */
export function leave(remote: Remote, exchange: Exchange, location: string, endpoint: string): void {
  if (remote.options.redirectBehavior === "redirect") {
    redirectLocally(exchange, location);
    return;
  }
  // RFC 6749 3.1: what the endpoint itself has in its query stays there; providers tell user flows apart by it.
  const own = new URL(endpoint);
  const inputs = [...new URL(location).searchParams]
    .slice(own.searchParams.size)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`);
  const html = renderPage(
    "One moment",
    `<form method="post" action="${escapeHtml(own.origin + own.pathname + own.search)}">${inputs.join("")}<button>Continue</button></form><script>${SUBMIT}</script>`,
  );
  // A policy for forms counts the redirects that follow, and the provider may have others sign in its users.
  page(exchange.res, 200, html, { formActions: ["*"], script: SUBMIT_SOURCE });
}
