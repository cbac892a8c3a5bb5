// A server that renders the page, hands out its scripts, and has the gateway at /anaplan.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "anaplan-tasks/gateway";
import { createSimulator } from "anaplan-tasks/simulator";
import sirv from "sirv";
import { render } from "./public/page.js";

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

// Where the browser finds by its path what page.js imports by its name; a bundler does the same.
const imports = { "anaplan-tasks/element": "/anaplan-tasks/element.js" };

const page = () => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Revenue</title>
    <script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module" src="/client.js"></script>
  </head>
  <body>
    <h1>Revenue</h1>
    ${render("Revenue by region")}
  </body>
</html>`;

const server = createServer((request, response) => {
  if (request.url.startsWith("/anaplan/")) return ask(request, response);
  if (request.url === "/") {
    return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page());
  }
  const missing = () => response.writeHead(404).end("Not found");
  if (!request.url.startsWith("/anaplan-tasks/")) return files(request, response, missing);
  request.url = request.url.slice("/anaplan-tasks".length);
  scripts(request, response, missing);
});
server.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
