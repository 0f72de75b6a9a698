import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { sendCookies } from "../../../src/session/response-cookies.js";

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingMessage["headers"];
  readonly raw: readonly string[];
}

/** The answer that a client really gets. */
async function answerOf(listener: RequestListener): Promise<Answer> {
  const server = createServer((req, res) => {
    try {
      listener(req, res);
    } catch (error) {
      // As Express's last handler does.
      for (const name of res.getHeaderNames()) res.removeHeader(name);
      res.statusCode = 500;
      res.statusMessage = "Internal Server Error";
      res.end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await new Promise((resolve, reject) => {
      request({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent: false }, (res) => {
        res.resume();
        res.on("end", () => {
          resolve({
            status: res.statusCode ?? 0,
            reason: res.statusMessage ?? "",
            headers: res.headers,
            raw: res.rawHeaders,
          });
        });
      })
        .on("error", reject)
        .end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const send = (res: ServerResponse, ...lines: string[]) => sendCookies(res, "session", () => lines);

describe("cookies of a response", () => {
  const ways: Readonly<Record<string, (res: ServerResponse) => void>> = {
    "end()": (res) => res.end("x"),
    "write()": (res) => {
      res.write("x");
      res.end();
    },
    "flushHeaders()": (res) => {
      res.flushHeaders();
      res.end();
    },
    "writeHead(status)": (res) => res.writeHead(200).end(),
    "writeHead(status, reason)": (res) => res.writeHead(200, "Fine").end(),
    "writeHead(status, headers)": (res) => res.writeHead(200, { "x-app": "1" }).end(),
    "writeHead(status, undefined, headers)": (res) => res.writeHead(200, undefined, { "x-app": "1" }).end(),
    "writeHead(status, reason, headers)": (res) => res.writeHead(200, "Fine", { "x-app": "1" }).end(),
    "writeHead(status, list)": (res) => res.writeHead(200, ["x-app", "1"]).end(),
    "writeHead(status, reason, list)": (res) => res.writeHead(200, "Fine", ["x-app", "1"]).end(),
    "writeHead(status, list of pairs)": (res) => res.writeHead(200, [["x-app", "1"]] as never).end(),
  };

  it.each(Object.entries(ways))("leave with %s", async (way, write) => {
    const answer = await answerOf((_, res) => {
      expect(send(res, "a=1; Path=/", "b=2; Path=/")).toBe(true);
      write(res);
    });
    expect(answer.status).toBe(200);
    expect(answer.headers["set-cookie"]).toEqual(["a=1; Path=/", "b=2; Path=/"]);
    if (way.includes("headers)") || way.includes("list")) expect(answer.headers["x-app"]).toBe("1");
    expect(answer.reason).toBe(way.includes(" reason") ? "Fine" : "OK");
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ["setHeader", (res) => res.setHeader("Set-Cookie", "app=1").end()],
    ["setHeader with a list", (res) => res.setHeader("Set-Cookie", ["app=1"]).end()],
    ["appendHeader", (res) => res.appendHeader("set-cookie", "app=1").end()],
    ["writeHead", (res) => res.writeHead(200, { "Set-Cookie": "app=1" }).end()],
    ["writeHead with a list value", (res) => res.writeHead(200, { "Set-Cookie": ["app=1"] }).end()],
    ["writeHead with a flat list", (res) => res.writeHead(200, ["Set-Cookie", "app=1", "x-app", "1"]).end()],
    ["writeHead with lists in a list", (res) => res.writeHead(200, ["Set-Cookie", ["app=1"], "x-app", "1"]).end()],
  ])("join those that the app sets by %s", async (_, write) => {
    const answer = await answerOf((__, res) => {
      send(res, "a=1");
      write(res);
    });
    expect(answer.headers["set-cookie"]).toEqual(["app=1", "a=1"]);
  });

  it("join several that the app names one after the other in a list", async () => {
    const answer = await answerOf((_, res) => {
      send(res, "a=1");
      res.writeHead(200, ["set-cookie", "x=1", "Set-Cookie", "y=1", "set-cookie", ["z=1"]]).end();
    });
    expect(answer.headers["set-cookie"]).toEqual(["x=1", "y=1", "z=1", "a=1"]);
  });

  it("let headers of writeHead win over those set before, as Node does", async () => {
    const answer = await answerOf((_, res) => {
      send(res, "a=1");
      res.setHeader("x-app", "before");
      res.writeHead(201, { "X-App": "after", "x-number": 7 }).end();
    });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({ "x-app": "after", "x-number": "7" });
  });

  it("are what the session is by then: the last word for a key counts, and each key has one", async () => {
    const answer = await answerOf((_, res) => {
      sendCookies(res, "session", () => ["session=renewed"]);
      sendCookies(res, "correlation", () => ["correlation=1"]);
      sendCookies(res, "session", () => ["session=; Max-Age=0"]);
      res.end();
    });
    expect(answer.headers["set-cookie"]).toEqual(["session=; Max-Age=0", "correlation=1"]);
  });

  it("are asked for when the headers leave and not before", async () => {
    const answer = await answerOf((_, res) => {
      let ended = false;
      sendCookies(res, "session", () => (ended ? [] : ["session=renewed"]));
      ended = true;
      res.end();
    });
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ["before", (res) => res.setHeader("Cache-Control", "public, max-age=3600").end()],
    ["in writeHead", (res) => res.writeHead(200, { "Cache-Control": "public, max-age=3600" }).end()],
    ["in a list", (res) => res.writeHead(200, ["cache-control", "public"]).end()],
  ])("keep the response out of every cache, whatever the app said %s", async (_, write) => {
    const answer = await answerOf((__, res) => {
      send(res, "a=1");
      write(res);
    });
    expect(answer.raw.filter((name) => name.toLowerCase() === "cache-control")).toHaveLength(1);
    expect(answer.headers["cache-control"]).toBe("private, no-store");
  });

  it("leave caching to the app when there are none in the end", async () => {
    const answer = await answerOf((_, res) => {
      send(res);
      res.setHeader("Cache-Control", "public").end();
    });
    expect(answer.headers["cache-control"]).toBe("public");
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("are refused, without an error, when the headers have left", async () => {
    const answer = await answerOf((_, res) => {
      res.write("x");
      expect(send(res, "a=1")).toBe(false);
      res.end();
    });
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ["header", (res) => res.writeHead(200, { "bad name": "1" })],
    ["header value", (res) => res.writeHead(200, { "x-app": "a\nb" })],
    ["status", (res) => res.writeHead(99)],
    ["reason", (res) => res.writeHead(200, "a\nb")],
  ])("are in the error page too, once, when Node refuses the app's %s", async (_, write) => {
    const answer = await answerOf((__, res) => {
      send(res, "a=1");
      res.setHeader("set-cookie", "app=1");
      write(res);
    });
    expect(answer.status).toBe(500);
    expect(answer.headers["set-cookie"]).toEqual(["a=1"]);
  });

  it("are not doubled when a second writeHead follows a refused one", async () => {
    const answer = await answerOf((_, res) => {
      send(res, "a=1");
      expect(() => res.writeHead(99)).toThrow();
      res.writeHead(200).end();
    });
    expect(answer.headers["set-cookie"]).toEqual(["a=1"]);
  });

  it("leave Node's own error for a second answer", async () => {
    const answer = await answerOf((_, res) => {
      send(res, "a=1");
      res.writeHead(200);
      expect(() => res.writeHead(200)).toThrow(expect.objectContaining({ code: "ERR_HTTP_HEADERS_SENT" }) as Error);
      res.end();
    });
    expect(answer.headers["set-cookie"]).toEqual(["a=1"]);
  });

  it("go with a writeHead that another middleware has wrapped since, or before", async () => {
    const seen: string[] = [];
    const wrap = (res: ServerResponse, name: string) => {
      const inner = res.writeHead;
      res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
        seen.push(name);
        return inner.apply(this, args as Parameters<typeof inner>);
      } as typeof res.writeHead;
    };
    const answer = await answerOf((_, res) => {
      wrap(res, "before");
      send(res, "a=1");
      wrap(res, "since");
      res.writeHead(200, { "x-app": "1" }).end();
    });
    expect(answer.headers["set-cookie"]).toEqual(["a=1"]);
    expect(answer.headers["x-app"]).toBe("1");
    expect(seen).toEqual(["since", "before"]);
  });

  it("go with 304 and 204 as well", async () => {
    for (const status of [204, 304]) {
      const answer = await answerOf((_, res) => {
        send(res, "a=1");
        res.writeHead(status).end();
      });
      expect(answer.headers["set-cookie"]).toEqual(["a=1"]);
    }
  });
});
