// Node's HTTP server with the same answer always: what there is to gain, and no gateway could.
import { createServer } from "node:http";

const { port, headers, body } = JSON.parse(process.env.BARE);
createServer((_, response) => {
  response.writeHead(200, { ...headers, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}).listen({ port, host: "127.0.0.1", backlog: 8_192 }, () => process.send("listening"));
process.on("disconnect", () => process.exit());
