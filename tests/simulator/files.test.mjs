// What runs leave behind, as a page, a worker or a program downloads it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createSimulator } from "anaplan-tasks/simulator";
import { simulate } from "../support/simulator.mjs";

const file = "/files/116000000003";
const transactions = "/exports/116000000003";

/** A simulator in which an action of the first model has run, and what is asked of that model. */
async function afterRunning(action) {
  const anaplan = createSimulator();
  const { token, workspaceId, models } = await anaplan.describe();
  const model = `https://api.anaplan.com/2/0/workspaces/${workspaceId}/models/${models[0].modelId}`;
  const Authorization = `AnaplanAuthToken ${token}`;
  const get = (path, { headers, ...init } = {}) =>
    anaplan(model + path, { ...init, headers: { Authorization, ...headers } });
  const start = await get(`${action}/tasks`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ localeName: "en_US" }),
  });
  const { task } = await start.json();
  await anaplan.advance(13 * 60_000);
  return { anaplan, get, task: `${action}/tasks/${task.taskId}` };
}

/** The chunks of a file or a dump, in the order of their list. */
async function download(get, path, type = "application/octet-stream") {
  const { chunks } = await (await get(`${path}/chunks`)).json();
  const all = [];
  for (const { id } of chunks) {
    const response = await get(`${path}/chunks/${id}`, { headers: { Accept: type } });
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, type]);
    all.push(Buffer.from(await response.arrayBuffer()));
  }
  return all;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");

const isText = (bytes) => {
  try {
    return Boolean(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return false;
  }
};

test("the chunks of an export make one text, though characters are split between them", async () => {
  const { get } = await afterRunning(transactions);
  const chunks = await download(get, file);
  assert.equal(chunks.length, 54);
  assert.ok(chunks.filter(isText).length < chunks.length / 2);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  text += decoder.decode();
  const rows = text.split("\n");
  assert.deepEqual([rows[0], rows.length, rows.at(-1)], ["Region,Month,Revenue", 60_002, ""]);
  const row = /^"[\p{L}\p{S}–· ]+ \d{9}",\w{3} 26,\d{6}\.\d{2}$/u;
  assert.deepEqual(
    rows.slice(1, -1).filter((one) => !row.test(one)),
    [],
  );
  const whole = Buffer.from(await (await get(file)).arrayBuffer());
  assert.ok(whole.equals(Buffer.concat(chunks)));
});

test("the rows that an import refused are downloaded like a file", async () => {
  const { get, task } = await afterRunning("/imports/112000000001");
  const text = Buffer.concat(await download(get, `${task}/dump`, "text/plain")).toString();
  assert.equal(text, await (await get(`${task}/dump`)).text());
  assert.equal(text.split("\n").length, 19);
});

test("a file that no memory would hold is read without holding it", async () => {
  const { anaplan, get } = await afterRunning(transactions);
  await anaplan.set({ fileRows: 3_000_000, chunkSize: 200_000_000 });
  const before = process.memoryUsage().rss;
  let [length, peak] = [0, 0];
  for (const { id } of (await (await get(`${file}/chunks`)).json()).chunks) {
    for await (const piece of (await get(`${file}/chunks/${id}`)).body) {
      length += piece.length;
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  }
  assert.equal(length, 21 + 3_000_000 * 89);
  assert.ok(peak - before < 150_000_000, `${peak - before} bytes more`);
});

test("a connection breaks in the middle of a chunk, and of none of its list", async () => {
  const { anaplan, get } = await afterRunning(transactions);
  // More than is handed over at once.
  await anaplan.set({ chunkSize: 1_000_000 });
  const [whole] = await download(get, file);
  await anaplan.set({ failures: [{ answer: "reset", on: ["download"], times: 1 }] });
  assert.equal((await get(`${file}/chunks`)).status, 200);
  const response = await get(`${file}/chunks/0`);
  const seen = [];
  await assert.rejects(async () => {
    for await (const piece of response.body) seen.push(piece);
  }, TypeError);
  assert.ok(Buffer.concat(seen).equals(whole.subarray(0, 500_000)));
  assert.ok(whole.equals(Buffer.from(await (await get(`${file}/chunks/0`)).arrayBuffer())));

  await anaplan.set({ failures: [{ answer: "truncated", on: ["download"], times: 1 }] });
  assert.equal((await (await get(`${file}/chunks/0`)).arrayBuffer()).byteLength, 500_000);
});

test("an abort ends a download with its reason, also one that stalls", async () => {
  const { anaplan, get } = await afterRunning(transactions);
  await anaplan.set({ fileRows: 1_000_000, chunkSize: 89_000_000 });
  for (const failures of [[], [{ answer: "stall", on: ["download"] }]]) {
    await anaplan.set({ failures });
    const controller = new AbortController();
    const { body } = await get(`${file}/chunks/0`, { signal: controller.signal });
    const reader = body.getReader();
    assert.ok((await reader.read()).value.length > 0);
    const rest = (async () => {
      // What stalls is aborted while somebody waits for it, the other between two pieces.
      // Nobody but the simulator knows the request by then.
      if (failures.length) {
        setTimeout(() => (collectGarbage(), controller.abort("enough")), 5);
      } else controller.abort("enough");
      while (!(await reader.read()).done);
    })();
    await assert.rejects(rest, (error) => error === "enough");
  }
});

test("files go over sockets as they are, and a broken one is one", async (t) => {
  const { tasks, headers, post } = await simulate(t, "--json");
  const start = await fetch(tasks, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ localeName: "en_US" }),
  });
  assert.equal(start.status, 200);
  await post("/simulator/clock", { advance: 60_000 });
  const file = tasks.replace("/exports/", "/files/").replace(/\/tasks$/, "");
  const get = (path, init) => fetch(path, { ...init, headers: { ...headers, ...init?.headers } });
  const chunks = await download(get, file);
  assert.equal(chunks.length, 2);
  const whole = await get(file);
  assert.ok(Buffer.from(await whole.arrayBuffer()).equals(Buffer.concat(chunks)));

  await post("/simulator/faults", { failures: [{ answer: "reset", on: ["download"], times: 1 }] });
  const broken = await get(`${file}/chunks/0`);
  assert.equal(broken.status, 200);
  await assert.rejects(broken.arrayBuffer(), TypeError);
  assert.equal((await get(`${file}/chunks/0`)).status, 200);
});
