import { type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";

/**
 * Gives each request to the next node, as a load balancer without sticky sessions does. A node that is down is passed
 * over; `targets` is asked at every request, so that nodes may come and go.
 */
export function createRoundRobinProxy(targets: () => readonly string[]): RequestListener {
  let turn = 0;
  return (req, res) => {
    const nodes = targets();
    const order = nodes.map((_, index) => nodes[(turn + index) % nodes.length] ?? "");
    turn++;
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => forward(req, res, order, Buffer.concat(chunks)));
  };
}

function forward(req: IncomingMessage, res: ServerResponse, order: readonly string[], body: Buffer): void {
  const [target, ...others] = order;
  if (target === undefined) {
    res.writeHead(502, { "content-type": "text/plain" }).end("No node is up.");
    return;
  }
  const headers = {
    ...req.headers,
    // What came from outside is not believed: this proxy is where trust begins.
    "x-forwarded-for": req.socket.remoteAddress ?? "",
    "x-forwarded-host": req.headers.host ?? "",
    "x-forwarded-proto": "http",
  };
  const outgoing = request(new URL(req.url ?? "/", target), { method: req.method ?? "GET", headers, agent: false });
  outgoing.on("response", (answer) => {
    res.writeHead(answer.statusCode ?? 502, { ...answer.headers, "x-node": new URL(target).port });
    answer.pipe(res);
  });
  outgoing.on("error", () => {
    if (res.headersSent) res.destroy();
    else forward(req, res, others, body);
  });
  outgoing.end(body);
}
