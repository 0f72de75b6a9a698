import type { Request } from "express";
import { Html, html } from "./html.js";

const DOCTYPE = "<!doctype html>\n";

const LINKS = [
  ["/", "Home"],
  ["/profile", "Profile"],
  ["/messages", "Messages"],
  ["/admin", "Admin"],
] as const;

export interface Page {
  readonly title: string;
  readonly body: Html;
}

/** The frame that all pages share. */
export function layout(req: Request, { title, body }: Page): Html {
  const document = html`<html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title} · OpenID Connect example</title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/style.css">
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header>
          <div class="bar">
            <a class="brand" href="/"><img src="/favicon.svg" alt="" width="28" height="28">Example</a>
            <nav aria-label="Main">
              <ul>
                ${LINKS.map(
                  ([path, label]) =>
                    html`<li><a href="${path}"${path === req.path && html` aria-current="page"`}>${label}</a></li>`,
                )}
              </ul>
            </nav>
            ${account(req)}
          </div>
        </header>
        <main id="content" tabindex="-1">${body}</main>
        <footer>
          <p>An example of <strong>add-openid-connect</strong> for Express.</p>
        </footer>
      </body>
    </html>`;
  return new Html(DOCTYPE + document);
}

/** A button that posts, not a link: nothing that merely fetches a page can sign anyone out. */
function account(req: Request): Html {
  const { user } = req;
  if (user === undefined) return html`<div class="account"><a class="button small" href="/login">Sign in</a></div>`;
  return html`<form class="account" method="post" action="/logout">
    <span class="name">${user.name ?? user.sub}</span>
    <button class="button small quiet">Sign out</button>
  </form>`;
}
