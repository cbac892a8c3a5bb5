// Serves the page, and the gateway beside it: the element asks nobody but its own origin.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "anaplan-tasks/gateway";
import { createSimulator } from "anaplan-tasks/simulator";
import sirv from "sirv";

const { ANAPLAN_USER: user, ANAPLAN_PASSWORD: password, PORT = "3000" } = process.env;

// Without a user of yours it is a simulated Anaplan.
const simulator = createSimulator();
const { token } = await simulator.describe();
const anaplan = user ? { auth: { basic: { user, password } } } : { auth: token, fetch: simulator };

const gateway = await createGateway({
  ...anaplan,
  allow: {
    workspaces: ["c34d0bff90150280e099ec6cd7363ca5"],
    models: ["85E7BB0F12278575491718DE357E3DA8"],
    actions: ["116000000001"],
    operations: ["tasks", "status", "start", "cancel", "list", "download"],
  },
});
const ask = getRequestListener((request) => gateway(request), { overrideGlobalObjects: false });
const files = sirv("public");
const scripts = sirv("node_modules/anaplan-tasks/pkg");

const server = createServer((request, response) => {
  if (request.url.startsWith("/anaplan/")) return ask(request, response);
  const missing = () => response.writeHead(404).end("Not found");
  if (!request.url.startsWith("/anaplan-tasks/")) return files(request, response, missing);
  request.url = request.url.slice("/anaplan-tasks".length);
  scripts(request, response, missing);
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
