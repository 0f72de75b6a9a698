import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { authenticationContext } from "./authentication-context.js";
import { consentPage, errorPage, loginPage, STYLE } from "./idp-pages.js";
import { PAGE_POLICY } from "./page-policy.js";
import type { TestUser } from "./test-users.js";

const MAX_BODY_BYTES = 16_384;

/**
 * The provider's login and consent pages. Whatever comes, the answer is a page: an interaction that is unknown or over
 * is a 400.
 *
 * @returns false for paths of oidc-provider's own
 */
export async function handleInteraction(
  provider: Provider,
  users: ReadonlyMap<string, TestUser>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  const path = (req.url ?? "").split("?", 1)[0] ?? "";
  if (path === "/idp.css") {
    res.setHeader("content-type", "text/css; charset=utf-8");
    res.setHeader("cache-control", "public, max-age=300");
    res.end(STYLE);
    return true;
  }
  const [, uid, step] = /^\/interaction\/([\w-]+)(?:\/(login|consent))?$/.exec(path) ?? [];
  if (uid === undefined) return false;
  try {
    await interact(provider, users, req, res, step);
  } catch {
    // Expired, of another browser, or opened without its cookie.
    send(
      res,
      400,
      errorPage("invalid_request", "This login is over or began in another browser. Start again at the app."),
    );
  }
  return true;
}

async function interact(
  provider: Provider,
  users: ReadonlyMap<string, TestUser>,
  req: IncomingMessage,
  res: ServerResponse,
  step: string | undefined,
): Promise<void> {
  const details = await provider.interactionDetails(req, res);
  const { uid, prompt, params } = details;
  const client = String(params["client_id"]);
  if (step === undefined && req.method === "GET") {
    const hint = params["login_hint"];
    const html =
      prompt.name === "login"
        ? loginPage(uid, client, typeof hint === "string" ? hint : "", undefined)
        : consentPage(uid, client, String(params["scope"]).split(" "));
    return send(res, 200, html);
  }
  if (req.method !== "POST" || step !== prompt.name) {
    return send(res, 400, errorPage("invalid_request", "This is not the step that the login is at."));
  }
  const form = await readForm(req);
  if (form === undefined) {
    // The rest of the body is not worth reading; the answer still has to arrive.
    res.setHeader("connection", "close");
    return send(res, 413, errorPage("invalid_request", "This form is too large."));
  }
  const action = form.get("action");
  if (action === "cancel" || action === "deny") {
    return provider.interactionFinished(req, res, {
      error: "access_denied",
      error_description: action === "deny" ? "The user denied access" : "The user cancelled the login",
    });
  }
  if (step === "consent") return grantConsent(provider, details, req, res);

  const username = form.get("username") ?? "";
  const user = users.get(username);
  if (user === undefined || !isSame(form.get("password") ?? "", user.password)) {
    return send(res, 200, loginPage(uid, client, username, "User name or password is wrong."));
  }
  if (user.isActive === false) {
    return send(res, 200, loginPage(uid, client, username, "This account is not active."));
  }
  return provider.interactionFinished(req, res, {
    login: { accountId: user.sub ?? username, ...authenticationContext(params), remember: true },
  });
}

async function grantConsent(
  provider: Provider,
  { params, session, grantId, prompt }: Awaited<ReturnType<Provider["interactionDetails"]>>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant =
    known ?? new provider.Grant({ clientId: String(params["client_id"]), accountId: String(session?.accountId) });
  const missing = prompt.details as {
    readonly missingOIDCScope?: readonly string[];
    readonly missingOIDCClaims?: readonly string[];
    readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
  };
  if (missing.missingOIDCScope !== undefined) grant.addOIDCScope(missing.missingOIDCScope.join(" "));
  if (missing.missingOIDCClaims !== undefined) grant.addOIDCClaims([...missing.missingOIDCClaims]);
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  await provider.interactionFinished(
    req,
    res,
    { consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: true },
  );
}

async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function send(res: ServerResponse, status: number, html: string): void {
  res.statusCode = status;
  res.setHeader("content-type", "text/html; charset=utf-8");
  res.setHeader("cache-control", "no-store");
  res.setHeader("content-security-policy", PAGE_POLICY);
  res.setHeader("x-content-type-options", "nosniff");
  res.setHeader("referrer-policy", "no-referrer");
  res.end(html);
}
