import type { Exchange } from "../authentication/exchange.js";
import { isProxyUntrusted } from "./advice.js";
import type { Remote } from "./remote.js";

/** Why the correlation cookie did not come back, as far as this request tells; the likeliest reason alone. */
export function missingCorrelationReason(remote: Remote, exchange: Exchange): string {
  const { attributes } = remote.correlationCookie(exchange);
  const { headers } = exchange.req;
  if (isProxyUntrusted(remote, exchange)) {
    return 'A proxy says https and Express does not trust it, so this request counts as http and looks for another cookie than the challenge gave. Set app.set("trust proxy", 1), or baseUrl.';
  }
  if (exchange.isHttps && headers.cookie?.includes(`${remote.options.transaction.name}.`) === true) {
    return "A cookie of plain http is there: the sign-in began over http and came back over https, or the other way round. Set baseUrl, and redirect http to https before the app.";
  }
  if (attributes.secure && !exchange.isHttps) {
    return 'The cookie is Secure and this connection is http, so the browser left it out. Use https, or leave `secure` at "auto".';
  }
  if (attributes.sameSite === "strict") {
    return 'The cookie is SameSite=Strict, which browsers leave out on the way back from the provider. Set transaction.cookie.sameSite to "lax".';
  }
  if (exchange.req.method === "POST" && attributes.sameSite === "lax") {
    return 'The provider posted its answer, and browsers leave SameSite=Lax cookies out of that. Set responseMode to "form_post" in the options if the provider insists on it, or "query".';
  }
  if (attributes.domain !== undefined || attributes.path !== "/") {
    return `The cookie is for ${attributes.domain ?? "this host"} and ${attributes.path}: is the callback below them?`;
  }
  return "It began in another browser or on another host name (localhost and 127.0.0.1 are two), or cookies are blocked.";
}
