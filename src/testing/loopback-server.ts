import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const ATTEMPTS = 10;

/** An HTTP server that can go away and come back on the same port. */
export interface LoopbackServer {
  readonly port: number;
  listen(): Promise<void>;
  /** Stops to listen and ends every connection. */
  close(): Promise<void>;
}

/**
 * Listens on `host`. "localhost" means both loopback addresses, because clients may resolve the name to either; where a
 * machine has no IPv6, 127.0.0.1 alone.
 *
 * @param port - 0 takes one that is free on both addresses
 */
export async function startLoopbackServer(
  host: string,
  port: number,
  handler: RequestListener,
): Promise<LoopbackServer> {
  const addresses = host === "localhost" ? ["127.0.0.1", "::1"] : [host];
  for (let attempt = 1; ; attempt++) {
    try {
      return await listenOnAll(addresses, port, handler);
    } catch (error) {
      // A free port of one address may be taken on the other.
      if (port !== 0 || codeOf(error) !== "EADDRINUSE" || attempt === ATTEMPTS) throw error;
    }
  }
}

async function listenOnAll(
  addresses: readonly string[],
  wantedPort: number,
  handler: RequestListener,
): Promise<LoopbackServer> {
  const servers = addresses.map(() => createServer(handler));
  let port = wantedPort;
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
  };
  const listen = async (): Promise<void> => {
    try {
      for (const [index, server] of servers.entries()) {
        const bound = await bind(server, addresses[index] ?? "", port, index > 0);
        port = bound ?? port;
      }
    } catch (error) {
      await close();
      throw error;
    }
  };
  await listen();
  return { port, listen, close };
}

/** @returns the port, or undefined where an optional address does not exist on this machine */
function bind(server: Server, address: string, port: number, isOptional: boolean): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    if (server.listening) {
      resolve(port);
      return;
    }
    const onError = (error: Error): void => {
      const isMissing = ["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(String(codeOf(error)));
      if (isOptional && isMissing) resolve(undefined);
      else reject(error);
    };
    server.once("error", onError);
    server.listen(port, address, () => {
      server.off("error", onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}
