import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listen, stop } from "../support/relying-party.js";
import type { Lies, Place } from "./lies.js";
import { createKey, type Json, leftHash, type SigningKey, signJwt } from "./signer.js";

export interface HostileProvider {
  readonly issuer: string;
  /** Requests by path, in order. */
  readonly asked: readonly string[];
  /** What the token endpoint was sent last. */
  readonly tokenRequests: readonly {
    readonly parameters: URLSearchParams;
    readonly authorization: string | undefined;
  }[];
  /** From now on these, and no others. */
  lie(lies: Lies): void;
  rotate(key?: SigningKey): void;
  stop(): Promise<void>;
}

interface Grant {
  readonly nonce: string | null;
  readonly challenge: string | null;
  readonly clientId: string;
  readonly authTime: number;
}

export const CLIENT = { clientId: "client", clientSecret: "a-secret-of-the-client" };

/** A provider that asks nobody and is right in everything, but for the one thing that a test makes it lie about. */
export async function startHostileProvider(): Promise<HostileProvider> {
  let lies: Lies = {};
  let key = createKey();
  const asked: string[] = [];
  const tokenRequests: { parameters: URLSearchParams; authorization: string | undefined }[] = [];
  const codes = new Map<string, Grant>();
  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => {
      res.statusCode = 500;
      res.end(String(error));
    });
  });
  const issuer = `http://localhost:${await listen(server)}`;

  const metadata = (): Json => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    end_session_endpoint: `${issuer}/end`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ["code", "code id_token", "id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  });

  const idToken = (grant: Grant, place: Place, hashes: Json): string | undefined => {
    const now = Math.floor(Date.now() / 1000);
    const claims: Json = {
      iss: issuer,
      sub: "alice",
      aud: grant.clientId,
      exp: now + 300,
      iat: now,
      auth_time: grant.authTime,
      nonce: grant.nonce ?? undefined,
      name: "Alice",
      ...hashes,
    };
    const token = signJwt(
      lies.claims?.(claims, place) ?? claims,
      lies.key?.(key) ?? key,
      lies.header?.({ kid: key.kid, alg: key.alg }, place),
      CLIENT.clientSecret,
    );
    return lies.idToken === undefined ? token : lies.idToken(token, place);
  };

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    // Two slashes at the beginning would be another host.
    const url = new URL(issuer + (req.url ?? "/").replace(/^\/+/, "/"));
    asked.push(url.pathname);
    const body = new URLSearchParams(await text(req));
    if (lies.respond?.(url.pathname, req, res) === true) return;
    switch (url.pathname) {
      case "/.well-known/openid-configuration":
        return json(res, lies.metadata?.(metadata()) ?? metadata());
      case "/jwks":
        return json(res, { keys: lies.keys === undefined ? [key.jwk] : lies.keys([key.jwk]) });
      case "/authorize":
        return authorize(url.searchParams, res);
      case "/token":
        tokenRequests.push({ parameters: body, authorization: req.headers.authorization });
        return token(body, res);
      case "/userinfo":
        return json(
          res,
          lies.userInfo === undefined
            ? { sub: "alice", email: "a@example.com" }
            : lies.userInfo({ sub: "alice", email: "a@example.com" }),
        );
      case "/end": {
        const back = new URL(url.searchParams.get("post_logout_redirect_uri") ?? issuer);
        const state = url.searchParams.get("state");
        if (state !== null) back.searchParams.set("state", state);
        res.writeHead(302, { location: back.href }).end();
        return;
      }
      default:
        res.writeHead(404).end();
    }
  };

  const authorize = (query: URLSearchParams, res: ServerResponse): void => {
    const grant: Grant = {
      nonce: query.get("nonce"),
      challenge: query.get("code_challenge"),
      clientId: query.get("client_id") ?? "",
      authTime: Math.floor(Date.now() / 1000),
    };
    const types = (query.get("response_type") ?? "").split(" ");
    const code = randomBytes(16).toString("base64url");
    codes.set(code, grant);
    const state = query.get("state") ?? "";
    const parameters: Record<string, string | undefined> = {
      state,
      iss: types.includes("id_token") ? undefined : issuer,
    };
    if (types.includes("code")) parameters["code"] = code;
    if (types.includes("id_token")) {
      const hashes = types.includes("code") ? { c_hash: leftHash(code, key), s_hash: leftHash(state, key) } : {};
      parameters["id_token"] = idToken(grant, "front", hashes);
    }
    const sent = Object.entries(lies.answer?.(parameters) ?? parameters).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    const target = query.get("redirect_uri") ?? "";
    if (query.get("response_mode") === "form_post") {
      const inputs = sent.map(
        ([name, value]) => `<input type="hidden" name="${name}" value="${value.replaceAll('"', "&quot;")}">`,
      );
      res.setHeader("content-type", "text/html");
      res.end(
        `<form method="post" action="${target}">${inputs.join("")}</form><script>document.forms[0].submit()</script>`,
      );
      return;
    }
    res.writeHead(302, { location: `${target}?${new URLSearchParams(sent)}` }).end();
  };

  const token = (body: URLSearchParams, res: ServerResponse): void => {
    const grant = codes.get(body.get("code") ?? "");
    codes.delete(body.get("code") ?? "");
    const verifier = body.get("code_verifier");
    const challenge = verifier === null ? null : createHash("sha256").update(verifier).digest("base64url");
    if (grant === undefined || challenge !== grant.challenge) {
      json(res, { error: "invalid_grant" }, 400);
      return;
    }
    const accessToken = randomBytes(16).toString("base64url");
    const response: Json = {
      access_token: accessToken,
      token_type: "Bearer",
      expires_in: 300,
      id_token: idToken(grant, "back", { at_hash: leftHash(accessToken, key) }),
    };
    json(res, lies.tokenResponse?.(response) ?? response);
  };

  return {
    issuer,
    asked,
    tokenRequests,
    lie(given) {
      lies = given;
    },
    rotate(next = createKey()) {
      key = next;
    },
    stop: () => stop(server),
  };
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    bytes += (chunk as Buffer).length;
    if (bytes <= 65_536) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function json(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(JSON.stringify(body));
}
