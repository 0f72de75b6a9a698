import type { IncomingMessage } from "node:http";
import type { Exchange } from "../authentication/exchange.js";
import { CallbackError } from "../errors.js";

/** Parameters of an authorization response, each once. */
export type CallbackMessage = Readonly<Record<string, string>>;

const MAX_BODY_BYTES = 65_536;
const MAX_QUERY_LENGTH = 65_536;

/**
 * Reads the answer from the query or, of a form_post, from the body: its own reading, bounded, and what a body parser
 * mounted before has left behind.
 *
 * @throws CallbackError `ERR_OIDC_CALLBACK_MALFORMED`, `ERR_OIDC_CALLBACK_TOO_LARGE`, `ERR_OIDC_METHOD_NOT_ALLOWED`
 */
export async function readCallbackMessage(exchange: Exchange): Promise<CallbackMessage> {
  const { req } = exchange;
  if (req.method === "GET") {
    const query = exchange.url.indexOf("?");
    const text = query === -1 ? "" : exchange.url.slice(query + 1);
    if (text.length > MAX_QUERY_LENGTH) throw tooLarge();
    return parse(text);
  }
  if (req.method !== "POST") {
    throw new CallbackError("ERR_OIDC_METHOD_NOT_ALLOWED", "The callback answers GET and POST alone.", {
      headers: { allow: "GET, POST" },
    });
  }
  const type = req.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") {
    throw malformed("its body is not of the type application/x-www-form-urlencoded that a form_post has");
  }
  if (isConsumed(req)) return fromParsedBody(exchange.parsedBody);
  return parse(
    await readBody(req).catch((error: unknown) => {
      // The rest of the body is not read, so the connection cannot carry another request, whoever answers this one.
      if (!exchange.res.headersSent) exchange.res.setHeader("connection", "close");
      throw error;
    }),
  );
}

function parse(text: string): CallbackMessage {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw malformed("its percent-encoding is broken");
  const message: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 3.1: a parameter given twice could be read one way by us and another by someone else.
    if (message[name] !== undefined) throw malformed("a parameter is given twice");
    message[name] = value;
  }
  return message;
}

/** What `express.urlencoded()` made of it: a list or object stands for a parameter given twice, or a crafted name. */
function fromParsedBody(body: unknown): CallbackMessage {
  if (typeof body === "string" || Buffer.isBuffer(body)) return parse(String(body));
  if (typeof body !== "object" || body === null) {
    throw malformed("something mounted before has read its body and left nothing in req.body");
  }
  const message: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== "string") throw malformed("a parameter is given twice");
    message[name] = value;
  }
  return message;
}

function isConsumed(req: IncomingMessage): boolean {
  return req.readableDidRead || req.readableEnded || (req as { readonly _body?: unknown })._body === true;
}

function readBody(req: IncomingMessage): Promise<string> {
  if (Number(req.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return Promise.reject(tooLarge());
  // Who has gone before we listen is never heard to go.
  if (req.destroyed) return Promise.reject(malformed("its body was cut off"));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (finish: () => void) => {
      req.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      finish();
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        req.pause();
        done(() => reject(tooLarge()));
      }
    };
    const onEnd = () => done(() => resolve(Buffer.concat(chunks).toString("utf8")));
    const onBroken = () => done(() => reject(malformed("its body was cut off")));
    req.on("data", onData).on("end", onEnd).on("error", onBroken).on("close", onBroken);
    // Something mounted before may have paused it, and a listener alone would wait for ever.
    req.resume();
  });
}

export function malformed(finding: string): CallbackError {
  return new CallbackError("ERR_OIDC_CALLBACK_MALFORMED", `This answer to a sign-in cannot be used: ${finding}.`);
}

function tooLarge(): CallbackError {
  return new CallbackError(
    "ERR_OIDC_CALLBACK_TOO_LARGE",
    `This answer to a sign-in has more than ${MAX_BODY_BYTES} bytes, and was not read further.`,
    // Express's own error handler takes all other headers away.
    { headers: { connection: "close" } },
  );
}
