import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

/**
 * Set-Cookie lines, made when the headers leave: what the session is by then is what counts. Must not throw, for by
 * then nobody is left who could answer.
 */
export type CookieLines = () => readonly string[];

const pending = new WeakMap<ServerResponse, Map<string, CookieLines>>();

/**
 * Sends cookies with this response, whoever writes it and however. The last call for a key wins, so that a sign-out
 * beats the renewal that the same request began with.
 *
 * A response with a cookie of ours is one user's own: whatever the app says, no cache may keep it.
 *
 * @returns false when the headers are gone already
 */
export function sendCookies(res: ServerResponse, key: string, lines: CookieLines): boolean {
  if (res.headersSent) return false;
  const known = pending.get(res);
  if (known !== undefined) {
    known.set(key, lines);
    return true;
  }
  const cookies = new Map([[key, lines]]);
  pending.set(res, cookies);
  let added: readonly string[] = [];
  beforeHeaders(res, () => {
    // A first attempt can fail on what the app gave, and Express then answers with its own: ours must be in that too.
    const others = setCookies(res).filter((line) => !added.includes(line));
    added = [...cookies.values()].flatMap((make) => make());
    if (added.length === 0) return;
    res.setHeader("set-cookie", [...others, ...added]);
    res.setHeader("cache-control", "private, no-store");
  });
  return true;
}

function setCookies(res: ServerResponse): readonly string[] {
  const present = res.getHeader("set-cookie");
  if (present === undefined) return [];
  return Array.isArray(present) ? present : [String(present)];
}

/**
 * Runs when the status line is about to be written. Node comes through `writeHead` for implicit headers too. What Node
 * would refuse of the app's status and headers it refuses here as well; nothing else throws.
 */
function beforeHeaders(res: ServerResponse, run: () => void): void {
  const writeHead = res.writeHead;
  res.writeHead = ((status: number, ...rest: readonly unknown[]) => {
    if (res.headersSent) return writeHead.apply(res, [status, ...rest] as Parameters<typeof writeHead>);
    const reason = typeof rest[0] === "string" ? rest[0] : undefined;
    const headers = reason === undefined ? (rest[1] ?? rest[0]) : rest[1];
    if (typeof headers === "object" && headers !== null) adoptHeaders(res, headers);
    run();
    if (reason !== undefined) res.statusMessage = reason;
    return writeHead.call(res, status);
  }) as typeof res.writeHead;
}

/** Headers given to `writeHead` would replace those set before, ours too; they go there first instead. */
function adoptHeaders(res: ServerResponse, headers: object): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers as OutgoingHttpHeaders)) setHeader(res, name, value);
    return;
  }
  const seen = new Map<string, OutgoingHttpHeader>();
  for (const [name, value] of pairs(headers)) {
    const key = String(name).toLowerCase();
    const before = seen.get(key);
    // Named twice is sent twice, as Node does with a list.
    const all = before === undefined ? value : [before, value].flat().map(String);
    if (all !== undefined) seen.set(key, all);
    setHeader(res, String(name), all);
  }
}

function setHeader(res: ServerResponse, name: string, value: OutgoingHttpHeader | undefined): void {
  if (name !== "" && value !== undefined && value !== null) res.setHeader(name, value);
}

/** Node takes both `[[name, value], …]` and `[name, value, …]`, where a value can be a list itself. */
function pairs(headers: readonly unknown[]): readonly (readonly [unknown, OutgoingHttpHeader | undefined])[] {
  if (Array.isArray(headers[0])) return headers as readonly (readonly [unknown, OutgoingHttpHeader])[];
  const found: [unknown, OutgoingHttpHeader | undefined][] = [];
  for (let at = 0; at < headers.length; at += 2) {
    found.push([headers[at], headers[at + 1] as OutgoingHttpHeader | undefined]);
  }
  return found;
}
