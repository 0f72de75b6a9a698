/*
 * What an authed request with a warm cookie adds to bare Express, in process and without sockets, and that it makes no
 * Set-Cookie, no crypto call and no promise. `npm run bench`.
 */
import { createHook } from "node:async_hooks";
import crypto from "node:crypto";
import { once } from "node:events";
import { IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import { addOpenIdConnect } from "add-openid-connect";
import { createTestIdp } from "add-openid-connect/testing";
import express, { type RequestHandler } from "express";
import { Browser } from "../test/support/browser.js";

const ROUNDS = 40;
const REQUESTS = 5_000;

let cryptoCalls = 0;
for (const name of [
  "createDecipheriv",
  "createCipheriv",
  "createHash",
  "createHmac",
  "hkdfSync",
  "randomBytes",
] as const) {
  const original = crypto[name] as (...given: unknown[]) => unknown;
  (crypto as unknown as Record<string, unknown>)[name] = (...given: unknown[]) => {
    cryptoCalls++;
    return original(...given);
  };
}
syncBuiltinESMExports();

const middleware = (issuer: string): RequestHandler =>
  addOpenIdConnect({
    authority: issuer,
    requireHttpsMetadata: false,
    clientId: "pkce_client",
    clientSecret: "secret",
    saveTokens: true,
    scope: "openid profile email roles api1 offline_access",
    session: { secret: "bench-0123456789-abcdefghijklmnopqrstuvwxyz" },
  });

/** A session cookie with three tokens, of a real sign-in. */
async function signedInCookie(): Promise<{ readonly cookie: string; readonly handler: RequestListener }> {
  const idp = await createTestIdp();
  const app = createApp(middleware(idp.issuer));
  const server = app.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  const browser = new Browser();
  await browser.signIn(`http://localhost:${port}/login`);
  const cookie = `oidc=${browser.jar.get("oidc")}`;
  server.close();
  await idp.stop();
  return { cookie, handler: app };
}

function createApp(...before: readonly RequestHandler[]): express.Express {
  const app = express();
  for (const handler of before) app.use(handler);
  app.get("/x", (req, res) => {
    res.statusCode = req.user === undefined ? 401 : 200;
    res.end("ok");
  });
  return app;
}

function run(handler: RequestListener, cookie: string | undefined): ServerResponse {
  const req = new IncomingMessage(new Socket());
  req.method = "GET";
  req.url = "/x";
  req.headers = {
    host: "localhost",
    accept: "*/*",
    ...(cookie === undefined ? {} : { cookie: ` ${cookie}`.slice(1) }),
  };
  const res = new ServerResponse(req);
  handler(req, res as never);
  return res;
}

function measure(handler: RequestListener, cookie: string | undefined): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < REQUESTS; i++) run(handler, cookie);
  return Number(process.hrtime.bigint() - start) / REQUESTS / 1_000;
}

const { cookie, handler } = await signedInCookie();
const bare = createApp();

const warm = run(handler, cookie);
if (warm.statusCode !== 200) throw new Error("The cookie was not accepted.");
cryptoCalls = 0;
let promises = 0;
const hook = createHook({
  init: (_id, type) => {
    if (type === "PROMISE") promises++;
  },
});
hook.enable();
const answers = Array.from({ length: 100 }, () => run(handler, cookie));
hook.disable();
const setCookies = answers.filter((res) => res.hasHeader("set-cookie")).length;

const best = {
  bare: Number.POSITIVE_INFINITY,
  authed: Number.POSITIVE_INFINITY,
  anonymous: Number.POSITIVE_INFINITY,
  plain: Number.POSITIVE_INFINITY,
};
for (let round = 0; round < ROUNDS; round++) {
  best.bare = Math.min(best.bare, measure(bare, cookie));
  best.authed = Math.min(best.authed, measure(handler, cookie));
  best.plain = Math.min(best.plain, measure(bare, undefined));
  best.anonymous = Math.min(best.anonymous, measure(handler, undefined));
}
const us = (value: number) => value.toFixed(2).padStart(8);
console.log(`cookie                       ${String(cookie.length).padStart(8)} bytes, three tokens`);
console.log(`bare Express, same cookie    ${us(best.bare)} us`);
console.log(
  `authed, warm                 ${us(best.authed)} us   +${(best.authed - best.bare).toFixed(2)} us, ratio ${(best.authed / best.bare).toFixed(2)}`,
);
console.log(`bare Express, no cookie      ${us(best.plain)} us`);
console.log(
  `anonymous                    ${us(best.anonymous)} us   +${(best.anonymous - best.plain).toFixed(2)} us, ratio ${(best.anonymous / best.plain).toFixed(2)}`,
);
console.log(`in 100 authed requests: ${setCookies} Set-Cookie, ${cryptoCalls} crypto calls, ${promises} promises`);
if (setCookies + cryptoCalls + promises > 0) process.exitCode = 1;
process.exit();
