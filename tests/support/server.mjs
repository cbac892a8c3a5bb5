// HTTP servers on loopback, each on a port of its own.
import { createServer } from "node:http";
import sirv from "sirv";

/** Serves `handler(request, response)`; `t` is the test (or anything with `after`) that ends it. */
export async function serve(t, handler) {
  const server = createServer(handler);
  // Not while the next request is on its way: on a busy machine that may be many seconds later.
  server.keepAliveTimeout = 120_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => {
    server.close();
    // A client that keeps its connection open must not keep the test open.
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A handler for the files below `folder`, as any static host would serve them. */
export function files(folder, { headers = {} } = {}) {
  const serveFile = sirv(folder, {
    dev: true,
    setHeaders: (response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    },
  });
  return (request, response) =>
    serveFile(request, response, () => response.writeHead(404).end("not found"));
}

export function json(response, body, status = 200) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
