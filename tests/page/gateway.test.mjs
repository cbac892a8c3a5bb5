// The page and a gateway at one origin, with nothing between them but a path; Anaplan is simulated.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "../../pkg/gateway.js";
import { createSimulator } from "../../pkg/simulator.js";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { files, serve } from "../support/server.mjs";

let browser;

before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

test("shows a task through the gateway, and cancels it", async (t) => {
  const { origin, path, asked } = await site(t);
  const { page, errors } = await openPage(t, browser);
  await page.goto(`${origin}/?baseUrl=/anaplan&task=${path}`);
  await page.getByRole("button", { name: "Watch", exact: true }).click();
  const row = page.locator("#tasks anaplan-task-status", { hasText: path.split("/").at(-1) });
  await row.and(page.locator(":state(running)")).waitFor();

  await row.getByRole("button", { name: /^Cancel/ }).click();
  await page.getByRole("button", { name: "Cancel the task" }).click();
  // The simulated Anaplan takes its time to roll back; what it says then takes another question.
  await row.and(page.locator(":state(cancelled)")).waitFor({ timeout: 60_000 });
  assert.deepEqual([...new Set(asked)].sort(), ["DELETE", "GET"]);
  assert.deepEqual(errors, []);
});

/** A server of the page and of a gateway to a tenant in which a task is running. */
async function site(t) {
  const simulator = createSimulator();
  const { user, password, workspaceId, models } = await simulator.describe();
  const [{ modelId, exports }] = models;
  const action = `/workspaces/${workspaceId}/models/${modelId}/exports/${exports[0].exportId}`;
  const asked = [];
  const gateway = await createGateway({
    auth: { basic: { user, password } },
    allow: { workspaces: [workspaceId], models: [modelId], actions: "*", operations: "*" },
    fetch: (url, init) => {
      if (String(url).includes("/tasks/")) asked.push(init.method);
      return simulator(url, init);
    },
  });
  const started = await gateway(
    new Request(`http://localhost/anaplan${action}/tasks`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" },
      body: '{"localeName":"en_US"}',
    }),
  );
  const { task } = await started.json();
  await simulator.advance(5_000);
  const answer = getRequestListener((request) => gateway(request), {
    overrideGlobalObjects: false,
  });
  const pages = files(at("www"));
  const origin = await serve(t, (request, response) =>
    (request.url.startsWith("/anaplan/") ? answer : pages)(request, response),
  );
  return { origin, path: `${action}/tasks/${task.taskId}`, asked };
}
