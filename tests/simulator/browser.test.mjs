// The simulator inside a page, and a page of another origin that uses one over HTTP.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { files, serve } from "../support/server.mjs";
import { simulate } from "../support/simulator.mjs";

let browser;
after(async () => (await browser)?.close());

/** A page that allows no code but its own, and WebAssembly. */
async function openedPage(t) {
  const policy = "script-src 'self' 'wasm-unsafe-eval'; connect-src *";
  const pkg = files(at("pkg"));
  const origin = await serve(t, (request, response) => {
    if (request.url !== "/") return pkg(request, response);
    response.setHeader("Content-Security-Policy", policy);
    response.setHeader("Content-Type", "text/html");
    response.end('<!doctype html><link rel="icon" href="data:,">');
  });
  const opened = await openPage(t, await (browser ??= launchBrowser()));
  await opened.page.goto(origin);
  return { ...opened, origin };
}

test("it runs inside a page, and asks the network for nothing", async (t) => {
  const { page, origin, errors } = await openedPage(t);
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  const seen = await page.evaluate(async () => {
    const { createSimulator } = await import("/simulator.js");
    const anaplan = createSimulator();
    const { token, workspaceId, models } = await anaplan.describe();
    const path = `/2/0/workspaces/${workspaceId}/models/${models[0].modelId}/exports/116000000001/tasks`;
    const headers = { Authorization: `AnaplanAuthToken ${token}` };
    const started = await anaplan(path, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: '{"localeName":"en_US"}',
    });
    const { task } = await started.json();
    await anaplan.advance(60_000);
    const response = await anaplan(`${path}/${task.taskId}`, { headers });
    return (await response.json()).task.taskState;
  });
  assert.equal(seen, "COMPLETE");
  assert.deepEqual(requests, [`${origin}/simulator.js`]);
  assert.deepEqual(errors, []);
});

test("a page of another origin starts, asks and cancels over HTTP", async (t) => {
  const { tenant, post } = await simulate(t, "--json");
  const { page, errors } = await openedPage(t);
  const seen = await page.evaluate(async ({ baseUrl, token, workspaceId, models }) => {
    const tasks = `${baseUrl}/workspaces/${workspaceId}/models/${models[0].modelId}/exports/116000000001/tasks`;
    const headers = { Authorization: `AnaplanAuthToken ${token}` };
    const started = await fetch(tasks, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: '{"localeName":"en_US"}',
    });
    const { task } = await started.json();
    const asked = await fetch(`${tasks}/${task.taskId}`, { headers });
    const cancelled = await fetch(`${tasks}/${task.taskId}`, { method: "DELETE", headers });
    return [started.status, asked.status, (await cancelled.json()).task.taskState];
  }, tenant);
  assert.deepEqual(seen.slice(0, 2), [200, 200]);
  assert.match(seen[2], /^CANCELL/);
  assert.deepEqual(errors, []);

  // With the switch on, the same page sees what it would see of Anaplan: nothing.
  await post("/simulator/faults", { refuseOrigins: true });
  const refused = await page.evaluate(
    (url) => fetch(url, { headers: { Authorization: "x" } }).catch((error) => error.name),
    tenant.baseUrl,
  );
  assert.equal(refused, "TypeError");
});
