import type { ServerResponse } from "node:http";
import { STYLE_SOURCE } from "./page.js";

/** Answers that change with who asks, and so are never kept by a cache. */
export function redirect(res: ServerResponse, status: 302 | 303, location: string): void {
  res.statusCode = status;
  res.setHeader("location", location);
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-length", 0);
  res.end();
}

/** RFC 9457. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  /** Where a person can sign in. */
  readonly loginUrl?: string | undefined;
}

export function problem(res: ServerResponse, details: Problem): void {
  const body = JSON.stringify(details);
  res.statusCode = details.status;
  res.setHeader("content-type", "application/problem+json; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-length", Buffer.byteLength(body));
  res.end(body);
}

/** What a page's policy allows besides its own style. */
export interface PageAllowances {
  /** Where its forms may lead, redirects included, besides the own origin. */
  readonly formActions?: readonly string[] | undefined;
  /** Hash of its one script. */
  readonly script?: string | undefined;
}

export function page(
  res: ServerResponse,
  status: number,
  html: string,
  { formActions = [], script }: PageAllowances = {},
): void {
  res.statusCode = status;
  res.setHeader("content-type", "text/html; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.setHeader(
    "content-security-policy",
    `default-src 'none'; style-src ${STYLE_SOURCE};${script === undefined ? "" : ` script-src ${script};`} form-action ${["'self'", ...formActions].join(" ")}; base-uri 'none'; frame-ancestors 'none'`,
  );
  res.setHeader("x-content-type-options", "nosniff");
  res.setHeader("referrer-policy", "same-origin");
  res.setHeader("content-length", Buffer.byteLength(html));
  res.end(html);
}
