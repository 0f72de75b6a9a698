import {
  type AddOpenIdConnectOptions,
  addOpenIdConnect,
  authorize,
  requireAuth,
  type TicketReceivedContext,
  type User,
} from "add-openid-connect";
import type { RequestHandler } from "express";

/*
 * Compiled, never run: an app declares the fields that its mapUser adds, and finds them wherever it meets the user.
 * As in an app, the declaration counts in the whole program.
 */
declare global {
  namespace Express {
    interface User {
      readonly databaseId: number;
    }
  }
}

type Equal<Left, Right> =
  (<Type>() => Type extends Left ? 1 : 2) extends <Type>() => Type extends Right ? 1 : 2 ? true : false;
const same = <Left, Right>(_isSame: Equal<Left, Right>): void => undefined;

export const options: AddOpenIdConnectOptions = {
  mapUser: async (user, { tokens, req }) => {
    same<typeof user, User>(true);
    same<typeof tokens extends { accessToken?: infer Token } | undefined ? Token : never, string | undefined>(true);
    return { databaseId: user.sub.length + (req.url?.length ?? 0) };
  },
  transformUser: (user, req) => (req.headers.host === undefined ? undefined : { host: user.name }),
  claimActions: (actions) => actions.mapJsonKey("dept", "department").mapAllExcept("nonce").remove("dept").clear(),
  events: {
    onTicketReceived: (ctx: TicketReceivedContext) => ctx.handled(),
    // @ts-expect-error the event of a redirect knows no skip
    onRedirectToIdentityProvider: (ctx) => ctx.skip(),
    // @ts-expect-error nor does the one of a failure know a success
    onRemoteFailure: (ctx) => ctx.success(),
    onMessageReceived: (ctx) => {
      // @ts-expect-error what came is what was checked
      ctx.parameters["code"] = "other";
    },
  },
};

export const handlers: readonly RequestHandler[] = [
  requireAuth(),
  authorize(({ user }) => {
    same<typeof user.databaseId, number>(true);
    return user.databaseId === 1;
  }),
  (req, res) => {
    same<typeof req.user, Express.User | undefined>(true);
    same<typeof req.oidc.user, Express.User>(true);
    // @ts-expect-error nobody may be signed in
    req.user.databaseId;
    if (!req.isAuthenticated()) return;
    same<typeof req.user.databaseId, number>(true);
    const roles: readonly string[] = req.user.roles;
    // @ts-expect-error the user is shared by the requests of a session
    req.user.databaseId = 2;
    // @ts-expect-error and has no field that nobody declared
    res.json([roles, req.user.undeclared]);
  },
];

export async function ofUpgrade(req: import("node:http").IncomingMessage): Promise<number | undefined> {
  return (await addOpenIdConnect(options).authenticate(req))?.databaseId;
}
