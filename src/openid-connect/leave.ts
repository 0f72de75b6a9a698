import { createHash } from "node:crypto";
import { page } from "../authentication/answers.js";
import type { Exchange } from "../authentication/exchange.js";
import { escapeHtml, renderPage } from "../authentication/page.js";
import { type Remote, redirectLocally } from "./remote.js";

const SUBMIT = "document.forms[0].submit()";
const SUBMIT_SOURCE = `'sha256-${createHash("sha256").update(SUBMIT).digest("base64")}'`;

/** Sends the browser to the provider: by a redirect or, where a URL would be too long, by a form that submits itself. */
export function leave(remote: Remote, exchange: Exchange, location: string): void {
  if (remote.options.redirectBehavior === "redirect") {
    redirectLocally(exchange, location);
    return;
  }
  const url = new URL(location);
  const inputs = [...url.searchParams].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const html = renderPage(
    "One moment",
    `<form method="post" action="${escapeHtml(url.origin + url.pathname)}">${inputs.join("")}<button>Continue</button></form><script>${SUBMIT}</script>`,
  );
  page(exchange.res, 200, html, { formActions: ["*"], script: SUBMIT_SOURCE });
}
