import { fileURLToPath } from "node:url";
import {
  type AddOpenIdConnectOptions,
  addOpenIdConnect,
  requireAuth,
  requireRole,
  TokenError,
} from "add-openid-connect";
import express, { type Express, type Request } from "express";
import { showError } from "./errors.js";
import { readMessages } from "./message-client.js";
import {
  adminPage,
  homePage,
  messagesPage,
  messagesUnavailablePage,
  notFoundPage,
  profilePage,
  signedOutPage,
} from "./pages.js";
import { securityHeaders } from "./security-headers.js";

/** The same place from `src` and from `dist`. */
const PUBLIC_FOLDER = fileURLToPath(new URL("../public", import.meta.url));

export interface ExampleAppOptions {
  readonly oidc: AddOpenIdConnectOptions;
  /** Where the message API is, such as `http://localhost:3001`. */
  readonly messageApiUrl: string;
  /** Express's setting of that name, for an app behind a proxy. */
  readonly trustProxy?: string;
}

/** The app, not listening yet. */
export function createApp({ oidc, messageApiUrl, trustProxy }: ExampleAppOptions): Express {
  const app = express();
  if (trustProxy !== undefined) app.set("trust proxy", trustProxy);
  app.disable("x-powered-by");
  app.use(securityHeaders(providerOrigin(oidc)));
  // Before the middleware: these files are for everyone, and cost no look at a cookie.
  app.use(express.static(PUBLIC_FOLDER, { index: false, cacheControl: false, setHeaders: allowCaching }));

  app.use(addOpenIdConnect({ signedOutRedirectUri: "/signed-out", ...oidc }));

  app.get("/", (req, res) => {
    res.send(homePage(req).toString());
  });

  app.get("/profile", requireAuth(), async (req, res) => {
    const { oidc: session } = req;
    const page = profilePage(req, {
      user: session.user,
      scopes: session.grantedScopes,
      sessionExpiresAt: session.sessionExpiresAt,
      accessTokenExpiresAt: await session.getToken("expires_at"),
      keptTokens: {
        "Access token": (await session.getToken("access_token")) !== undefined,
        "ID token": (await session.getToken("id_token")) !== undefined,
        "Refresh token": (await session.getToken("refresh_token")) !== undefined,
      },
    });
    res.send(page.toString());
  });

  app.get("/admin", requireRole("admin"), (req, res) => {
    res.send(adminPage(req).toString());
  });

  // For fetch(): who is not signed in gets a 401 problem here, not a redirect that a script cannot follow.
  app.get("/api/me", requireAuth(), (req, res) => {
    const { sub, name, roles } = req.oidc.user;
    res.json({ sub, name, roles });
  });

  app.get("/messages", requireAuth(), async (req, res) => {
    const result = await readMessages(messageApiUrl, await goodToken(req));
    if (result.isAvailable) res.send(messagesPage(req, result.list).toString());
    else res.status(result.status).send(messagesUnavailablePage(req, result.problem).toString());
  });

  app.get("/signed-out", (req, res) => {
    res.send(signedOutPage(req).toString());
  });

  app.use((req, res) => {
    res.status(404).send(notFoundPage(req).toString());
  });
  app.use(showError);
  return app;
}

/** A token that is good now, renewed where it is about to end; none where the session keeps none. */
async function goodToken(req: Request): Promise<string | undefined> {
  try {
    return await req.oidc.getAccessToken();
  } catch (error) {
    if (error instanceof TokenError) return undefined;
    throw error;
  }
}

function allowCaching(res: { setHeader(name: string, value: string): void }): void {
  res.setHeader("Cache-Control", "public, max-age=300");
}

/** Where the sign-out form ends up. A provider whose end-session endpoint is on another host wants that one too. */
function providerOrigin({ authority, metadataAddress, configuration }: AddOpenIdConnectOptions): string | undefined {
  const url = configuration?.end_session_endpoint ?? authority ?? metadataAddress;
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}
