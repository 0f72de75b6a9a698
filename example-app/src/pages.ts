import type { Claims, JsonValue, User } from "add-openid-connect";
import type { Request } from "express";
import { type Html, html } from "./html.js";
import { layout } from "./layout.js";
import type { MessageList } from "./message-api.js";
import type { MessagesProblem } from "./message-client.js";

export function homePage(req: Request): Html {
  const { user } = req;
  const intro = html`<p>
    This small app shows what add-openid-connect does for an Express app: sign-in with an OpenID Connect provider, pages
    for signed-in users, a page for one role only, a call to a protected API, and sign-out here and at the provider.
  </p>`;
  if (user === undefined) {
    return layout(req, {
      title: "Welcome",
      body: html`<h1>Welcome, stranger</h1>
        <div class="lead">${intro}</div>
        <p class="actions"><a class="button" href="/login">Sign in</a></p>
        ${cards()}`,
    });
  }
  return layout(req, {
    title: "Welcome",
    body: html`<h1>Hello, ${nameOf(user)}</h1>
      <div class="lead">${intro}</div>
      ${cards()}`,
  });
}

function cards(): Html {
  return html`<ul class="cards">
    <li>
      <h2><a href="/profile">Profile</a></h2>
      <p>What the provider told this app about you. For everyone who is signed in.</p>
    </li>
    <li>
      <h2><a href="/messages">Messages</a></h2>
      <p>An API on another port, asked with your access token.</p>
    </li>
    <li>
      <h2><a href="/admin">Administration</a></h2>
      <p>For the role <code>admin</code> only. Others who are signed in are refused.</p>
    </li>
    <li>
      <h2><a href="/api/me">Who am I, as JSON</a></h2>
      <p>For scripts: without a session it answers 401, not a redirect.</p>
    </li>
  </ul>`;
}

export interface ProfileDetails {
  readonly user: User;
  readonly scopes: readonly string[];
  readonly sessionExpiresAt: Date | undefined;
  /** ISO 8601. */
  readonly accessTokenExpiresAt: string | undefined;
  readonly keptTokens: Readonly<Record<string, boolean>>;
}

export function profilePage(req: Request, details: ProfileDetails): Html {
  const { user, scopes, sessionExpiresAt, accessTokenExpiresAt, keptTokens } = details;
  return layout(req, {
    title: "Profile",
    body: html`<h1>Profile</h1>
      <p class="lead">You are signed in as <strong>${nameOf(user)}</strong>.</p>
      <table>
        <caption>What the provider says about you</caption>
        <thead>
          <tr>
            <th scope="col">Claim</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          ${claimRows(user.claims)}
        </tbody>
      </table>
      <table>
        <caption>Your session here</caption>
        <tbody>
          ${factRow("Session ends", sessionExpiresAt === undefined ? "unknown" : time(sessionExpiresAt))}
          ${factRow("Access token ends", accessTokenExpiresAt === undefined ? "unknown" : time(new Date(accessTokenExpiresAt)))}
          ${Object.entries(keptTokens).map(([name, isKept]) => factRow(name, isKept ? "kept, not shown" : "not kept"))}
          ${factRow("Roles", tags(user.roles))} ${factRow("Scopes granted", tags(scopes))}
        </tbody>
      </table>`,
  });
}

function claimRows(claims: Claims): readonly Html[] {
  return Object.entries(claims).map(([name, value]) => factRow(name, claimValue(name, value)));
}

/** Claims that are times in seconds (JWT NumericDate). */
const TIME_CLAIMS = new Set(["auth_time", "exp", "iat", "nbf", "updated_at"]);

function claimValue(name: string, value: JsonValue): Html | string {
  if (typeof value === "number" && TIME_CLAIMS.has(name)) return time(new Date(value * 1000));
  if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) return tags(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function factRow(name: string, value: Html | string): Html {
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${value}</td>
  </tr>`;
}

function tags(values: readonly string[]): Html | string {
  if (values.length === 0) return "none";
  return html`<ul class="tags">
    ${values.map((value) => html`<li>${value}</li>`)}
  </ul>`;
}

const TIME_FORMAT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });

function time(date: Date): Html {
  return html`<time datetime="${date.toISOString()}">${TIME_FORMAT.format(date)} UTC</time>`;
}

export function adminPage(req: Request): Html {
  return layout(req, {
    title: "Administration",
    body: html`<h1>Administration</h1>
      <p class="lead">You see this because you have the role <code>admin</code>.</p>
      <p>A guard decides: <code>app.get("/admin", requireRole("admin"), …)</code>. Someone without the role gets a 403, and is not asked to sign in again.</p>`,
  });
}

export function messagesPage(req: Request, list: MessageList): Html {
  return layout(req, {
    title: "Messages",
    body: html`<h1>Messages</h1>
      <p class="lead">From an API that knows you by your access token, as <code>${list.subject}</code>.</p>
      <ul class="messages">
        ${list.messages.map(
          (message) => html`<li>
            <p>${message.text}</p>
            <p class="from">${message.from}</p>
          </li>`,
        )}
      </ul>`,
  });
}

const MESSAGES_PROBLEMS: Readonly<Record<MessagesProblem, { readonly title: string; readonly text: string }>> = {
  "no-token": {
    title: "No access token",
    text: "The provider gave no access token, or saveTokens is off, so the message API cannot be asked.",
  },
  refused: {
    title: "The message API refused the access token",
    text: "It has expired, or it was issued for another API. A new sign-in gives a new one.",
  },
  down: { title: "The message API is not reachable", text: "You are still signed in. Please try again in a while." },
};

export function messagesUnavailablePage(req: Request, problem: MessagesProblem): Html {
  const { title, text } = MESSAGES_PROBLEMS[problem];
  return layout(req, {
    title,
    body: html`<h1>${title}</h1>
      <p class="lead">${text}</p>
      <p class="actions">
        ${problem === "down" && html`<a class="button" href="/messages">Try again</a>`}
        ${problem === "refused" && html`<a class="button" href="/login?returnUrl=%2Fmessages">Sign in again</a>`}
        <a href="/">Back to the start</a>
      </p>`,
  });
}

export function signedOutPage(req: Request): Html {
  return layout(req, {
    title: "Signed out",
    body: html`<h1>You are signed out</h1>
      <p class="lead">Here and, where it can be asked to, at the provider.</p>
      <p class="actions"><a class="button" href="/login">Sign in again</a> <a href="/">Back to the start</a></p>`,
  });
}

export function forbiddenPage(req: Request, message: string): Html {
  return layout(req, {
    title: "Not for you",
    body: html`<h1>This page is not for you</h1>
      <p class="lead">${message}</p>
      <p>You are signed in${req.user !== undefined && html` as <strong>${nameOf(req.user)}</strong>`}. Ask an administrator for the role, or sign out and come back as someone else.</p>
      <p class="actions"><a class="button" href="/">Back to the start</a></p>`,
  });
}

export interface ErrorDetails {
  readonly title: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly tryAgainUrl: string | undefined;
}

export function errorPage(req: Request, { title, message, code, tryAgainUrl }: ErrorDetails): Html {
  return layout(req, {
    title,
    body: html`<h1>${title}</h1>
      <p class="lead">${message}</p>
      ${code !== undefined && html`<p class="code">Code: <code>${code}</code></p>`}
      <p class="actions">
        ${tryAgainUrl !== undefined && html`<a class="button" href="${tryAgainUrl}">Try again</a>`}
        <a href="/">Back to the start</a>
      </p>`,
  });
}

export function notFoundPage(req: Request): Html {
  return layout(req, {
    title: "Not found",
    body: html`<h1>There is no such page</h1>
      <p class="lead">Nothing is at <code>${req.path}</code>.</p>
      <p class="actions"><a class="button" href="/">Back to the start</a></p>`,
  });
}

function nameOf(user: User): string {
  return user.name ?? user.sub;
}
