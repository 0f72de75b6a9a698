import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { TestIdp } from "add-openid-connect/testing";

/** Signs tokens that an app takes for its provider's, because the app's `fetch` adds the forge's key to the key set. */
export interface TokenForge {
  /** For the app's `fetch` option; `answer` may answer itself. */
  fetch(
    answer?: (url: string, init: RequestInit) => Response | undefined | Promise<Response | undefined>,
  ): typeof fetch;
  sign(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): string;
}

export function createTokenForge(idp: Pick<TestIdp, "issuer">, alg = "ES256"): TokenForge {
  const { privateKey, publicKey } = keyPair(alg);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "forged", use: "sig", alg };
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
      const signed = `${part({ alg, kid: "forged", ...header })}.${part(claims)}`;
      const isPss = alg.startsWith("PS");
      const signature = sign(alg.startsWith("Ed") ? null : `sha${alg.slice(2)}`, Buffer.from(signed), {
        key: privateKey,
        dsaEncoding: "ieee-p1363",
        ...(isPss && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
      });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

function keyPair(alg: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg.startsWith("Ed")) return generateKeyPairSync("ed25519");
  if (!alg.startsWith("ES")) return generateKeyPairSync("rsa", { modulusLength: 2048 });
  return generateKeyPairSync("ec", { namedCurve: alg === "ES512" ? "P-521" : `P-${alg.slice(2)}` });
}

/** Claims of a token, unverified. */
export function claimsOf(jwt: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt?.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}
