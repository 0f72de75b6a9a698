import { generateKeyPairSync, sign } from "node:crypto";
import type { TestIdp } from "add-openid-connect/testing";

/** Signs tokens that an app takes for its provider's, because the app's `fetch` adds the forge's key to the key set. */
export interface TokenForge {
  /** For the app's `fetch` option; `answer` may answer itself. */
  fetch(answer?: (url: string, init: RequestInit) => Response | Promise<Response> | undefined): typeof fetch;
  sign(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
}

export function createTokenForge(idp: Pick<TestIdp, "issuer">): TokenForge {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "forged", use: "sig", alg: "ES256" };
  return {
    fetch: (answer) => async (input, init) => {
      const url = String(input);
      const own = await answer?.(url, init ?? {});
      if (own !== undefined) return own;
      const response = await fetch(input, init);
      if (url !== `${idp.issuer}/.well-known/openid-configuration/jwks`) return response;
      const { keys } = (await response.json()) as { readonly keys: readonly object[] };
      return Response.json({ keys: [...keys, jwk] });
    },
    sign(claims, header = {}) {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const signed = `${part({ alg: "ES256", kid: "forged", ...header })}.${part(claims)}`;
      const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

/** Claims of a token, unverified. */
export function claimsOf(jwt: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt?.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}
