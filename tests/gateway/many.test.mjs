// A thousand open pages cost Anaplan what one costs, in time that really passes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../pkg/index.js";
import {
  assertNoSecret,
  exportId,
  model,
  openGateway,
  own,
  upstream,
} from "../support/gateway.mjs";

const CLIENTS = 1_000;
const TASKS = 10;
const SECONDS = 20;

test("a thousand clients watch ten tasks for twenty seconds", async () => {
  const began = performance.now();
  const age = () => performance.now() - began;
  /** Each task ends at another moment, the last two seconds before the end. */
  const endOf = (taskId) => 9_000 + 1_000 * Number(taskId.slice(1));
  const { fetch, log } = upstream(async ({ path }) => {
    const taskId = path.split("/").at(-1);
    await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.random()));
    const isOver = age() >= endOf(taskId);
    const task = { taskId, taskState: "IN_PROGRESS", progress: 0.5, creationTime: Date.now() };
    if (!isOver) return { task };
    return { task: { ...task, taskState: "COMPLETE", progress: 1, result: { successful: true } } };
  });
  // The budget that there is when nobody says otherwise.
  const gateway = await openGateway(fetch, { requestsPerMinute: undefined });
  let served = 0;
  const through = async (url, init) => {
    served++;
    const headers = { ...init.headers, "Sec-Fetch-Site": "same-origin" };
    const response = await gateway(new Request(url, { ...init, headers }));
    assertNoSecret(`${[...response.headers]}`);
    return response;
  };

  const outcomes = Array.from({ length: CLIENTS }, async (_, i) => {
    const taskId = `T${i % TASKS}`;
    // They open their pages when they come to it.
    await new Promise((resolve) => setTimeout(resolve, (3_000 * i) / CLIENTS));
    const anaplan = await connect({ baseUrl: `${own}/anaplan`, fetch: through });
    const seen = [];
    for await (const status of anaplan.task({ ...model, exportId, taskId }).watch()) {
      seen.push(status.phase);
    }
    anaplan.close();
    return { taskId, last: seen.at(-1), first: seen[0], at: age() };
  });
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, 90_000, "late")));
  const all = await Promise.race([Promise.all(outcomes), late]);
  clearTimeout(timer);
  assert.notEqual(all, "late", "some saw no end");

  assert.equal(all.length, CLIENTS);
  for (const { taskId, first, last, at } of all) {
    assert.deepEqual([first, last], ["running", "succeeded"]);
    // After at most five seconds here, and five and a half there; what is above that is the machine's.
    assert.ok(at < endOf(taskId) + 20_000, `${taskId} after ${at - endOf(taskId)} ms`);
  }
  assert.ok(served > 3 * CLIENTS, `${served} requests came`);
  for (let i = 0; i < TASKS; i++) {
    const gets = log.filter(({ path }) => path.endsWith(`/T${i}`));
    const within = gets.filter(({ at }) => at - began < SECONDS * 1_000);
    assert.ok(within.length >= 2 && within.length <= 5, `${within.length} GETs of task ${i}`);
    for (const [j, { at }] of gets.entries()) {
      if (j) assert.ok(at - gets[j - 1].at >= 5_000, `${at - gets[j - 1].at} ms`);
    }
  }
  assert.ok(log.every(({ method, query }) => method === "GET" && query === ""));
});
