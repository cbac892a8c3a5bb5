// A simulator as a process.
import { spawn } from "node:child_process";
import { at } from "../../scripts/project.mjs";
import { runProgram } from "./process.mjs";

const cli = at("pkg", "cli.js");

/** Runs a command that ends by itself. */
export const run = (...args) => runProgram(process.execPath, [cli, ...args]);

/** Starts a simulator on a free port that ends with the test, and waits for what it prints. */
export async function simulate(t, ...args) {
  const child = spawn(process.execPath, [cli, "simulate", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const json = args.includes("--json");
  let stdout = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    stdout += chunk;
    if (stdout.endsWith(json ? "\n" : "stops it.\n")) {
      return { child, stdout, errors: () => stderr, ...(json && withTenant(JSON.parse(stdout))) };
    }
  }
  throw new Error(`it ended: ${stderr}`);
}

/** The tenant, its first export's tasks, and what it takes to ask for them. */
function withTenant(tenant) {
  const [model] = tenant.models;
  const [{ exportId }] = model.exports;
  const { origin } = new URL(tenant.baseUrl);
  const tasks = `${tenant.baseUrl}/workspaces/${tenant.workspaceId}/models/${model.modelId}/exports/${exportId}/tasks`;
  const headers = { Authorization: `AnaplanAuthToken ${tenant.token}` };
  const post = (path, value) =>
    fetch(origin + path, { method: "POST", body: JSON.stringify(value) });
  return { tenant, origin, tasks, headers, post };
}
