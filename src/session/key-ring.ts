import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** What a sealed value is for. Each has a key of its own, so that none is ever taken for another. */
export type SealPurpose = "ticket" | "transaction" | "sign-out" | "stored-ticket" | "refresh-result" | "marker";

/** What is derived for a transaction. */
export type DerivePurpose = "nonce" | "pkce" | "dpop";

/** What was sealed, and the place of its key in the list of secrets: 0 is the one that seals today. */
export interface Opened {
  readonly plaintext: Buffer;
  readonly keyIndex: number;
}

/** Seals with the first secret and opens with all. */
export interface KeyRing {
  /** Encrypts and authenticates (AES-256-GCM); base64url text. `context` must be repeated to open. */
  seal(purpose: SealPurpose, plaintext: Uint8Array, context?: string): string;
  /** `undefined` for anything that this ring did not seal, for this purpose and context. Never throws. */
  open(purpose: SealPurpose, sealed: string, context?: string): Opened | undefined;
  /** `length` bytes that only holders of the key can compute from `id`. */
  derive(purpose: DerivePurpose, id: Uint8Array, keyIndex: number, length: number): Buffer;
}

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES;

/**
 * A ring of one key per secret and purpose (HKDF-SHA256), each made when it is first used, then kept.
 *
 * @throws TypeError without a secret: everybody knows the key that comes out of none
 */
export function createKeyRing(secrets: readonly string[]): KeyRing {
  if (secrets.length === 0 || secrets.includes("")) throw new TypeError("A key ring needs a secret.");
  const keys = new Map<string, Buffer>();
  const keyOf = (purpose: SealPurpose | DerivePurpose, index: number): Buffer => {
    const name = `${index} ${purpose}`;
    let key = keys.get(name);
    if (key === undefined) {
      key = Buffer.from(hkdfSync("sha256", secrets[index] ?? "", "", `add-openid-connect ${purpose}`, 32));
      keys.set(name, key);
    }
    return key;
  };

  return {
    seal(purpose, plaintext, context = "") {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keyOf(purpose, 0), iv);
      cipher.setAAD(additionalData(purpose, context));
      const sealed = Buffer.concat([
        Buffer.of(VERSION),
        iv,
        cipher.update(plaintext),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return sealed.toString("base64url");
    },

    open(purpose, text, context = "") {
      const sealed = decode(text);
      if (sealed === undefined || sealed.length < HEAD_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined;
      const iv = sealed.subarray(1, HEAD_BYTES);
      const body = sealed.subarray(HEAD_BYTES, sealed.length - TAG_BYTES);
      const tag = sealed.subarray(sealed.length - TAG_BYTES);
      for (let keyIndex = 0; keyIndex < secrets.length; keyIndex++) {
        const decipher = createDecipheriv("aes-256-gcm", keyOf(purpose, keyIndex), iv, { authTagLength: TAG_BYTES });
        decipher.setAAD(additionalData(purpose, context));
        decipher.setAuthTag(tag);
        const plaintext = decipher.update(body);
        try {
          decipher.final();
        } catch {
          continue;
        }
        return { plaintext, keyIndex };
      }
      return undefined;
    },

    derive(purpose, id, keyIndex, length) {
      return Buffer.from(hkdfSync("sha256", keyOf(purpose, keyIndex), "", id, length));
    },
  };
}

function additionalData(purpose: SealPurpose, context: string): Buffer {
  return Buffer.from(`${VERSION} ${purpose} ${context}`);
}

/** Node decodes leniently; two texts for one value would let a cache be filled, and a list be passed, by variants. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
