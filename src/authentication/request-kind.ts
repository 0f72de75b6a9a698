import type { IncomingMessage } from "node:http";

/**
 * Whether a person is looking at what this request answers: only then is a redirect to the provider of use. Browsers
 * say so (Fetch Metadata); without their word, a GET that asks for HTML counts.
 */
export function isNavigation(req: IncomingMessage): boolean {
  if (req.method !== "GET") return false;
  const { headers } = req;
  // A prefetched page is shown to nobody yet; a sign-in begun for it would spoil the real one.
  if (isPrefetch(req)) return false;
  if (hasFetchMetadata(req)) {
    return headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  }
  return headers["x-requested-with"] === undefined && acceptsHtml(req);
}

/** Like {@link isNavigation}, for a path that has no other purpose: there, only a sign against it counts. */
export function mayBeNavigation(req: IncomingMessage): boolean {
  if (hasFetchMetadata(req)) return isNavigation(req);
  return req.method === "GET" && !isPrefetch(req) && req.headers["x-requested-with"] === undefined;
}

/** Whether a person will see the answer, whatever the method: a form's POST shows a page too. */
export function isPageView(req: IncomingMessage): boolean {
  if (hasFetchMetadata(req)) return req.headers["sec-fetch-mode"] === "navigate";
  return req.headers["x-requested-with"] === undefined && acceptsHtml(req);
}

/** Whether the browser asks ahead, for a page that nobody has opened yet; older ones say so under names of their own. */
export function isPrefetch({ headers }: IncomingMessage): boolean {
  const purpose = headers["sec-purpose"] ?? headers["purpose"] ?? headers["x-moz"];
  return typeof purpose === "string" && purpose.includes("prefetch");
}

function acceptsHtml({ headers }: IncomingMessage): boolean {
  return headers.accept?.toLowerCase().includes("text/html") === true;
}

function hasFetchMetadata(req: IncomingMessage): boolean {
  return req.headers["sec-fetch-mode"] !== undefined || req.headers["sec-fetch-dest"] !== undefined;
}

/**
 * Whether our own pages, or the user's own hand, sent this request, as far as the browser tells: evidence against
 * cross-site request forgery.
 */
export function isFromOwnOrigin(req: IncomingMessage, origin: string): boolean {
  const site = req.headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  const claimed = req.headers.origin ?? req.headers.referer;
  return typeof claimed === "string" && URL.canParse(claimed) && new URL(claimed).origin === origin;
}
