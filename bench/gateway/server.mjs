// The gateway as a process of its own, as the command line serves it.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "anaplan-tasks/gateway";

const { baseUrl, token, port } = JSON.parse(process.env.GATEWAY);
const gateway = await createGateway({
  baseUrl,
  auth: token,
  allow: { workspaces: "*", models: "*", actions: "*", operations: ["status"] },
  limits: { requests: 20_000, requestsPerClient: 20_000 },
});
const listener = getRequestListener(
  (request, { incoming }) => gateway(request, { address: incoming.socket.remoteAddress }),
  { overrideGlobalObjects: true },
);
createServer(listener).listen({ port, host: "127.0.0.1", backlog: 8_192 }, () =>
  process.send("listening"),
);
process.on("disconnect", () => process.exit());
