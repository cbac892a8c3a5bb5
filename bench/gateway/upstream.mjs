// The simulated Anaplan behind both, as a process: starts a long task and counts what it is asked.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createSimulator } from "anaplan-tasks/simulator";

const simulator = createSimulator();
const tenant = await simulator.describe();
const { workspaceId, models, token } = tenant;
const [{ modelId, exports }] = models;
const action = `/2/0/workspaces/${workspaceId}/models/${modelId}/exports/${exports[2].exportId}/tasks`;
const started = await simulator(`http://127.0.0.1${action}`, {
  method: "POST",
  headers: { Authorization: `AnaplanAuthToken ${token}`, "Content-Type": "application/json" },
  body: '{"localeName":"en_US"}',
});
const { task } = await started.json();

let questions = 0;
const listener = getRequestListener((request) => {
  questions++;
  return simulator(request);
});
const server = createServer(listener).listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  process.send({ port, token, path: `${action.slice("/2/0".length)}/${task.taskId}` });
});
process.on("message", () => {
  process.send({ questions });
  questions = 0;
});
process.on("disconnect", () => process.exit());
