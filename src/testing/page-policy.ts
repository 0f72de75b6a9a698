import { createHash } from "node:crypto";

/** `form-action` is left out: the forms' redirects lead to clients on any origin. */
export const PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The policy of a page with this one inline script. */
export function policyWithScript(script: string): string {
  return `${PAGE_POLICY}; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}
