// HTTP around a gateway: Node's requests in, its answers out, and limits on what a connection may do.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Gateway } from "../gateway/types.js";
import { Drain } from "./drain.js";

const SECOND = 1_000;

const limits = {
  // A cookie or two of the page's; what is longer is refused with 431.
  maxHeaderSize: 8_192,
  // Who sends slower than this holds on to connections for no good reason; 408.
  headersTimeout: 10 * SECOND,
  requestTimeout: 30 * SECOND,
  connectionsCheckingInterval: 5 * SECOND,
  // Longer than the minute that proxies keep theirs, so that none sends into one that is ending.
  keepAliveTimeout: 65 * SECOND,
};

export interface ServerOptions {
  /** Whether the one who connects is a proxy of ours, and says who the client is. */
  trustProxy: boolean;
}

/** A server that hands all requests to `gateway`, and what ends it in peace. */
export function gatewayServer(
  gateway: (...args: Parameters<Gateway>) => ReturnType<Gateway>,
  { trustProxy }: ServerOptions,
): { server: Server; drain: Drain } {
  const server = createAdaptorServer({
    // Its own, lighter classes: half of what an answer takes would go into the host's.
    overrideGlobalObjects: true,
    serverOptions: limits,
    fetch: async (request, bindings) => {
      const { incoming, outgoing } = bindings as HttpBindings;
      const response = await gateway(request, { address: addressOf(incoming, trustProxy) });
      if (drain.started) outgoing.shouldKeepAlive = false;
      // The bytes of files, which are all that can break off.
      if (!incoming.url?.includes("/chunks/")) return response;
      await send(response, outgoing);
      return RESPONSE_ALREADY_SENT;
    },
  }) as Server;
  const drain = new Drain(server);
  // The gateway answers so many at once; more would only wait.
  server.maxConnections = 10_000;
  // Who takes no byte of an answer for so long does not want it. More than any answer takes to begin.
  server.timeout = 300 * SECOND;
  return { server, drain };
}

// Not by the adapter, which prints a stack and carries on when what it sends breaks off.
async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (!response.body) {
    outgoing.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing);
  } catch {
    // The client went away, or Anaplan did: the connection breaks, so that no part passes for the whole.
  }
}

function addressOf({ socket, headers }: IncomingMessage, trustProxy: boolean) {
  const forwarded = trustProxy ? headers["x-forwarded-for"] : undefined;
  // The proxy has added the last one; whatever is before it, the client may have made up.
  const last = forwarded?.toString().split(",").at(-1)?.trim() ?? "";
  // Some proxies name the port, too.
  const [, address] = /^\[?(.*?)\]?(?:(?<=\]|^[\d.]+):\d+)?$/.exec(last) ?? [];
  return address && isIP(address) ? address : socket.remoteAddress;
}
