import { createServer } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { listen, stop } from "./relying-party.js";
import { type Answer, send } from "./send.js";

export const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

export interface LogoutTokenSigner {
  /** Public part of the key. */
  readonly jwk: JWK;
  readonly privateKey: CryptoKey;
  /** A token with these claims beside `events`; undefined leaves one out. */
  sign(claims: object, header?: object, key?: CryptoKey | Uint8Array): Promise<string>;
  /** A `fetch` that puts this key into the provider's key set. Tells `seen` each URL. */
  fetch(seen?: string[]): typeof fetch;
}

/** A key of the test's own, which a relying party takes for one of the provider's. */
export async function createLogoutTokenSigner(kid = "own"): Promise<LogoutTokenSigner> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" };
  return {
    jwk,
    privateKey,
    sign(claims, header = {}, key = privateKey) {
      const payload = JSON.parse(JSON.stringify({ events: { [LOGOUT_EVENT]: {} }, ...claims }));
      return new SignJWT(payload)
        .setProtectedHeader(JSON.parse(JSON.stringify({ alg: "ES256", kid, typ: "logout+jwt", ...header })))
        .sign(key);
    },
    fetch:
      (seen = []) =>
      async (url, init) => {
        seen.push(String(url));
        const response = await fetch(url, init);
        if (!String(url).endsWith("/jwks")) return response;
        const { keys } = (await response.json()) as { keys: object[] };
        return Response.json({ keys: [...keys, jwk] });
      },
  };
}

/** Posts a logout token as a provider does. */
export function postLogoutToken(url: string, token: string, more: Readonly<Record<string, string>> = {}) {
  return send(`${url}/backchannel-logout`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ logout_token: token, ...more }).toString(),
  });
}

export interface Relay {
  /** Fixed before there is anything behind it. */
  readonly url: string;
  /** Where requests go. */
  target: string;
  readonly answers: Answer[];
  stop(): Promise<void>;
}

/** A provider must know a client's logout URI before the client's app, and its port, exist. */
export async function startRelay(): Promise<Relay> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const answer = await send(relay.target, {
      method: req.method ?? "POST",
      headers: { "content-type": String(req.headers["content-type"]) },
      body: Buffer.concat(chunks).toString(),
    });
    relay.answers.push(answer);
    res.writeHead(answer.status).end(answer.body);
  });
  const port = await listen(server);
  const relay: Relay = { url: `http://localhost:${port}/logout`, target: "", answers: [], stop: () => stop(server) };
  return relay;
}
