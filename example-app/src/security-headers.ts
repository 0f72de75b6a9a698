import type { RequestHandler } from "express";

/**
 * No script runs here, no style stands in the page, and no other site may frame it.
 *
 * The sign-out button posts to this app, which redirects to the provider. Browsers apply `form-action` to the redirects
 * of a form as well, so the provider's origin must be listed: with 'self' alone the button would do nothing.
 */
export function securityHeaders(providerOrigin: string | undefined): RequestHandler {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    ["form-action 'self'", providerOrigin].filter(Boolean).join(" "),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  return (req, res, next) => {
    res.set({
      "Content-Security-Policy": policy,
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
      "Referrer-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      // Pages name their user: after a sign-out the back button must ask again.
      "Cache-Control": "no-store",
    });
    if (req.secure) res.set("Strict-Transport-Security", "max-age=31536000");
    next();
  };
}
