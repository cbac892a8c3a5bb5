// What goes on beside a client: other users, lost answers, a clock that is off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimulator } from "anaplan-tasks/simulator";
import { simulate } from "../support/simulator.mjs";

const T0 = Date.UTC(2026, 7, 1, 9, 30);
const exportId = "116000000001";

async function ready() {
  const anaplan = createSimulator({ now: () => T0 });
  const { token, workspaceId, models } = await anaplan.describe();
  const ref = { workspaceId, modelId: models[0].modelId, exportId };
  const tasks = `https://api.anaplan.com/2/0/workspaces/${workspaceId}/models/${ref.modelId}/exports/${exportId}/tasks`;
  const headers = { Authorization: `AnaplanAuthToken ${token}` };
  const ids = async () => {
    const list = await (await anaplan(tasks, { headers })).json();
    return list.tasks.map(({ taskId }) => taskId);
  };
  const start = (more) =>
    anaplan(tasks, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", ...more },
      body: JSON.stringify({ localeName: "en_US" }),
    });
  return { anaplan, ref, tasks, headers, ids, start };
}

test("a start whose answer is lost has a task, and another user's lies beside it", async () => {
  const { anaplan, ref, ids, start } = await ready();
  const lost = { on: ["start"], times: 1, executed: true };
  await anaplan.set({ failures: [{ ...lost, answer: "noAnswer" }] });
  await assert.rejects(start(), TypeError);
  assert.equal((await ids()).length, 5);
  await anaplan.set({ failures: [{ ...lost, answer: 503 }] });
  assert.equal((await start()).status, 503);
  const task = await anaplan.startAsAnother(ref);
  assert.deepEqual({ ...task, taskId: null }, { ...ref, taskId: null });
  assert.deepEqual([(await ids()).length, (await ids()).at(-1)], [7, task.taskId]);
  await anaplan.set({ failures: [{ answer: 503, on: ["start"], times: 1 }] });
  assert.equal((await start()).status, 503);
  assert.equal((await ids()).length, 7);
  for (const wrong of [{ ...ref, exportId: "1" }, {}, null, undefined]) {
    await assert.rejects(anaplan.startAsAnother(wrong), { name: "TypeError" });
  }
});

test("a start is one for each request, for an Idempotency-Key means nothing to it", async () => {
  const { ids, start } = await ready();
  const before = (await ids()).length;
  const key = { "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
  for (let i = 0; i < 2; i++) assert.equal((await start(key)).status, 200);
  assert.equal((await ids()).length, before + 2);
});

test("the server's clock is off, and nothing takes longer for it", async () => {
  const { anaplan, tasks, headers, start } = await ready();
  await anaplan.set({ clockSkew: -3_600_000 });
  const response = await start();
  assert.equal(response.headers.get("date"), "Sat, 01 Aug 2026 08:30:00 GMT");
  const { taskId } = (await response.json()).task;
  await anaplan.advance(60_000);
  const { task } = await (await anaplan(`${tasks}/${taskId}`, { headers })).json();
  assert.deepEqual([task.creationTime, task.taskState], [T0 - 3_600_000, "COMPLETE"]);
  await assert.rejects(anaplan.set({ clockSkew: 1e15 }), { message: /clockSkew/ });
});

test("another process has another user start something", async (t) => {
  const { tenant, tasks, headers, post } = await simulate(t, "--json");
  const { workspaceId, models } = tenant;
  const ref = { workspaceId, modelId: models[0].modelId, exportId };
  const task = await (await post("/simulator/start", ref)).json();
  const status = await fetch(`${tasks}/${task.taskId}`, { headers });
  assert.equal((await status.json()).task.taskId, task.taskId);
  assert.equal((await post("/simulator/start", {})).status, 400);
});
