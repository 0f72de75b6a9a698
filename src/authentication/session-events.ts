import { ConfigurationError } from "../errors.js";
import type { Ticket } from "../model.js";
import type { SessionChange, SessionEvents, ValidatePrincipalContext } from "../options/session-events.js";
import { warnOnce } from "../warnings.js";
import type { Exchange } from "./exchange.js";
import { identifiedClaims } from "./identified-claims.js";
import type { SessionScheme, SignedIn, TicketChange, TicketDraft } from "./session-scheme.js";

/**
 * A session scheme with the app's events around it, wherever its sessions live. Without a handler of its own a method is
 * the scheme's, so what nobody listens to costs nothing.
 *
 * `onRejected` is told of a session that the app has ended by `reject()`.
 */
export function withSessionEvents(
  scheme: SessionScheme,
  events: SessionEvents,
  onRejected: (exchange: Exchange) => void,
): SessionScheme {
  const { onValidatePrincipal, onSigningIn, onSignedIn, onSigningOut } = events;
  return {
    ...scheme,
    ...(onValidatePrincipal !== undefined && {
      authenticate: async (exchange: Exchange) => {
        const found = await scheme.authenticate(exchange);
        if (found === undefined) return undefined;
        const valid = await validated(scheme, exchange, found, onValidatePrincipal);
        if (valid === undefined) onRejected(exchange);
        return valid;
      },
    }),
    ...((onSigningIn !== undefined || onSignedIn !== undefined) && {
      signIn: async (exchange: Exchange, draft: TicketDraft, tokens: Parameters<SessionScheme["signIn"]>[2]) => {
        const { req, res } = exchange;
        const context = {
          req,
          res,
          claims: draft.claims,
          items: draft.items,
          isPersistent: draft.isPersistent,
          expiresAt: draft.expiresAtSeconds === undefined ? undefined : dateOf(draft.expiresAtSeconds),
        };
        await onSigningIn?.(context);
        const { claims, items, isPersistent, expiresAt } = context;
        const changed: TicketDraft = {
          ...draft,
          claims: identifiedClaims(claims, "onSigningIn"),
          ...(claims !== draft.claims && { areClaimsOfApp: true }),
          items,
          isPersistent,
          expiresAtSeconds: expiresAt === undefined ? undefined : secondsOf(expiresAt),
        };
        const session = await scheme.signIn(exchange, changed, tokens);
        await onSignedIn?.({ req, res, user: session.user });
        return session;
      },
    }),
    ...(onSigningOut !== undefined && {
      signOut: async (exchange: Exchange) => {
        const { req, res } = exchange;
        const current = await scheme.authenticate(exchange);
        await onSigningOut({ req, res, user: current?.user });
        await scheme.signOut(exchange);
      },
    }),
  };
}

async function validated(
  scheme: SessionScheme,
  exchange: Exchange,
  found: SignedIn,
  handler: (context: ValidatePrincipalContext) => unknown,
): Promise<SignedIn | undefined> {
  const { ticket, user } = found;
  let isRejected = false;
  let change: SessionChange | undefined;
  let isRenewed = false;
  let isOver = false;
  const inTime = (decide: () => void) => {
    if (isOver) {
      warnOfLateDecision(
        "onValidatePrincipal decided (reject, replace or renew) after it had ended, which changes nothing any more. Make it async and await what it waits for, or return the promise.",
      );
    }
    decide();
  };
  await handler({
    req: exchange.req,
    res: exchange.res,
    user,
    items: ticket.items ?? {},
    signedInAt: dateOf(ticket.signedInAtSeconds),
    expiresAt: dateOf(ticket.expiresAtSeconds),
    reject: () =>
      inTime(() => {
        isRejected = true;
      }),
    replace: (given) =>
      inTime(() => {
        change = given;
      }),
    renew: () =>
      inTime(() => {
        isRenewed = true;
      }),
  });
  isOver = true;
  if (isRejected) {
    await scheme.signOut(exchange);
    return undefined;
  }
  if (change === undefined && !isRenewed) return found;
  return scheme.update(exchange, found, { isRenewed, ticket: ticketChange(change) });
}

/** A check that nobody waits for lets everyone in. */
function warnOfLateDecision(message: string): void {
  warnOnce("OIDC_LATE_DECISION", message, message);
}

function ticketChange(change: SessionChange | undefined): TicketChange["ticket"] {
  if (change === undefined) return undefined;
  const { claims, items, isPersistent, expiresAt } = change;
  return {
    ...(claims !== undefined && {
      claims: identifiedClaims(claims, "onValidatePrincipal"),
      areClaimsOfApp: true as const,
    }),
    ...(items !== undefined && { items }),
    ...(isPersistent !== undefined && { isPersistent }),
    ...(expiresAt !== undefined && { expiresAtSeconds: secondsOf(expiresAt) }),
  };
}

/** Whether the session's time begins anew with this request: the rule, and what the app makes of it. */
export function checkSliding(
  { onCheckSlidingExpiration }: SessionEvents,
  exchange: Exchange,
  ticket: Ticket,
  nowSeconds: number,
  shouldRenew: boolean,
): boolean {
  if (onCheckSlidingExpiration === undefined) return shouldRenew;
  const context = {
    req: exchange.req,
    res: exchange.res,
    elapsedSeconds: nowSeconds - ticket.issuedAtSeconds,
    remainingSeconds: ticket.expiresAtSeconds - nowSeconds,
    shouldRenew,
  };
  const answered: unknown = onCheckSlidingExpiration(context);
  if (answered instanceof Promise) {
    // Nobody waits for it: what it rejects with must not end the process.
    answered.catch(() => undefined);
    warnOfLateDecision("onCheckSlidingExpiration is async, and requests do not wait for it: set shouldRenew at once.");
  }
  return context.shouldRenew === true;
}

function dateOf(seconds: number): Date {
  return new Date(seconds * 1000);
}

/** An invalid date would compare as if it never came. */
function secondsOf(date: Date): number {
  const seconds = date instanceof Date ? date.getTime() / 1000 : Number.NaN;
  if (Number.isFinite(seconds)) return seconds;
  throw new ConfigurationError("ERR_OIDC_INVALID_USER", "An event of the session set expiresAt to no valid date.");
}
