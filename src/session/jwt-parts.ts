/** A compact JWS (RFC 7515), its parts without their base64url. */
export interface TokenParts {
  readonly header: Buffer;
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** `undefined` unless the parts rebuild the very same text: a token must come out as it came in. */
export function splitToken(token: string): TokenParts | undefined {
  const texts = token.split(".");
  if (texts.length !== 3) return undefined;
  const [header, payload, signature] = texts.map((text) => Buffer.from(text, "base64url"));
  if (header === undefined || payload === undefined || signature === undefined) return undefined;
  const parts = { header, payload, signature };
  return joinToken(parts) === token ? parts : undefined;
}

export function joinToken({ header, payload, signature }: TokenParts): string {
  return `${header.toString("base64url")}.${payload.toString("base64url")}.${signature.toString("base64url")}`;
}
