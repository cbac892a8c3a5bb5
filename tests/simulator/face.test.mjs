// The simulator as a function, as a page, a worker or a test in the same process has it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { createSimulator } from "anaplan-tasks/simulator";

const T0 = Date.UTC(2026, 7, 1, 9, 30);
const MINUTE = 60_000;

/** A simulator on a clock of its own, and the first export of its tenant. */
async function ready(options) {
  const anaplan = createSimulator({ now: () => T0, ...options });
  const tenant = await anaplan.describe();
  const [{ modelId }] = tenant.models;
  const tasks = `https://api.anaplan.com/2/0/workspaces/${tenant.workspaceId}/models/${modelId}/exports/116000000001/tasks`;
  const headers = { Authorization: `AnaplanAuthToken ${tenant.token}` };
  const get = async (url, init) => anaplan(url, { headers, ...init });
  const start = async () => {
    const response = await anaplan(tasks, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json" },
      body: JSON.stringify({ localeName: "en_US" }),
    });
    assert.equal(response.status, 200);
    return `${tasks}/${(await response.json()).task.taskId}`;
  };
  return { anaplan, tenant, tasks, headers, get, start };
}

async function state(get, task) {
  return (await (await get(task)).json()).task.taskState;
}

test("a task runs from start to end on a clock that the test moves", async () => {
  const { anaplan, get, start } = await ready();
  const task = await start();
  assert.equal(await state(get, task), "NOT_STARTED");
  await anaplan.advance(20_000);
  assert.equal(await state(get, task), "IN_PROGRESS");
  await anaplan.advance(30_000);
  const response = await get(task);
  assert.equal(response.headers.get("content-type"), "application/json;charset=UTF-8");
  assert.equal(response.headers.get("date"), "Sat, 01 Aug 2026 09:30:50 GMT");
  const { status, task: end } = await response.json();
  assert.deepEqual(status, { code: 200, message: "Success" });
  assert.deepEqual(end, {
    type: "taskInformation",
    taskId: task.slice(-32),
    taskState: "COMPLETE",
    currentStep: "Complete.",
    progress: 1,
    creationTime: T0,
    result: { successful: true, objectId: "116000000001", failureDumpAvailable: false },
  });
});

test("it takes a Request as fetch does, with await in front or without", async () => {
  const { anaplan, tasks, headers } = await ready();
  const awaited = await anaplan;
  const response = await awaited(new Request(tasks, { headers }));
  assert.equal(response.status, 200);
  assert.equal((await response.json()).tasks.length, 4);
  assert.equal((await anaplan(new URL(tasks))).status, 401);
  // The host is whatever a test likes.
  const elsewhere = tasks.replace("https://api.anaplan.com", "http://localhost:1");
  assert.equal((await anaplan(elsewhere, { headers })).status, 200);
});

test("a cancel without an answer's body is a Response that fetch could have made", async () => {
  const { anaplan, get, start } = await ready();
  const task = await start();
  await anaplan.set({ cancelAnswer: "noContent" });
  const response = await get(task, { method: "DELETE" });
  assert.deepEqual([response.status, await response.text()], [204, ""]);
});

test("a password gives a token, and a token ends after 35 minutes", async () => {
  const { anaplan, tasks } = await ready({ user: "me@example.com", password: "p:ä" });
  const basic = Buffer.from("me@example.com:p:ä").toString("base64");
  const login = await anaplan("https://auth.anaplan.com/token/authenticate", {
    method: "POST",
    headers: { Authorization: `Basic ${basic}` },
  });
  assert.equal(login.status, 201);
  const { tokenInfo } = await login.json();
  const headers = { Authorization: `Bearer ${tokenInfo.tokenValue}` };
  await anaplan.advance(35 * MINUTE - 1);
  assert.equal((await anaplan(tasks, { headers })).status, 200);
  await anaplan.advance(1);
  assert.equal((await anaplan(tasks, { headers })).status, 401);
  // A description always has a token that is good.
  const { token } = await anaplan.describe();
  const good = { headers: { Authorization: `Bearer ${token}` } };
  assert.equal((await anaplan(tasks, good)).status, 200);
});

test("the tenant is as old as the call that made it, and follows from its seed", async () => {
  const late = createSimulator({ now: () => T0, seed: 7 });
  await late.advance(3_600_000);
  const [a, b] = [await late.describe(), await (await ready({ seed: 7 })).anaplan.describe()];
  assert.deepEqual(a.tasks, b.tasks);
  assert.equal(a.workspaceId, b.workspaceId);
  assert.notEqual(a.workspaceId, (await ready({ seed: 8 })).tenant.workspaceId);
  assert.deepEqual(
    a.models.flatMap(({ exports }) => exports.map(({ outcome }) => outcome)),
    [
      "succeeds",
      "fails",
      "takes long",
      "cannot be cancelled",
      "succeeds in seconds",
      "progress unknown",
    ],
  );
});

test("two simulators know nothing of each other", async () => {
  const [one, two] = [await ready(), await ready()];
  const task = await one.start();
  assert.equal((await one.get(task)).status, 200);
  assert.equal((await two.get(task)).status, 404);
  await one.anaplan.set({ failures: [{ answer: 500 }] });
  assert.equal((await two.get(two.tasks)).status, 200);
});

test("what is wrong is refused with its name", async () => {
  const { anaplan } = await ready();
  await assert.rejects(anaplan.set({ latencie: 1 }), { name: "TypeError", message: /latencie/ });
  await assert.rejects(anaplan.set(undefined), TypeError);
  for (const ms of [-1, NaN, Infinity, "x"]) {
    await assert.rejects(anaplan.advance(ms), { name: "TypeError", message: /ms/ });
  }
  await assert.rejects(createSimulator({ sead: 1 }).describe(), { message: /sead/ });
  await assert.rejects(createSimulator({ seed: 1.5 }).describe(), TypeError);
  await assert.rejects(anaplan("nowhere"), TypeError);
});

test("switches stay until they are turned off", async () => {
  const { anaplan, get, tasks } = await ready();
  const faults = await anaplan.set({ pageSize: 1 });
  assert.equal(faults.pageSize, 1);
  assert.equal((await anaplan.set({ latency: 1 })).pageSize, 1);
  assert.equal((await (await get(tasks)).json()).tasks.length, 1);
  assert.equal((await anaplan.set(null)).pageSize, null);
  assert.equal((await (await get(tasks)).json()).tasks.length, 4);
  await anaplan.set({ expireTokens: true });
  assert.equal((await get(tasks)).status, 401);
});

test("a request that was aborted before has no effect", async () => {
  const { anaplan, tasks, headers, get } = await ready();
  const reason = { its: "own" };
  const start = anaplan(tasks, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ localeName: "en_US" }),
    signal: AbortSignal.abort(reason),
  });
  await assert.rejects(start, (error) => error === reason);
  assert.equal((await (await get(tasks)).json()).tasks.length, 4);
});

test("a hang lasts until it is aborted", async () => {
  const { anaplan, tasks, get } = await ready();
  await anaplan.set({ failures: [{ answer: "hang", times: 1 }] });
  const controller = new AbortController();
  const hanging = get(tasks, { signal: controller.signal });
  const winner = await Promise.race([hanging, get(tasks).then(() => "the next request")]);
  assert.equal(winner, "the next request");
  controller.abort("enough");
  await assert.rejects(hanging, (error) => error === "enough");
});

test("a late answer is late, and an abort does not wait for it", async () => {
  const { anaplan, tasks, get } = await ready();
  await anaplan.set({ latency: 40 });
  const before = performance.now();
  assert.equal((await get(tasks)).status, 200);
  assert.ok(performance.now() - before >= 38);

  await anaplan.set({ latency: 3_600_000 });
  const controller = new AbortController();
  const late = get(tasks, { signal: controller.signal });
  setTimeout(() => controller.abort(), 5);
  await assert.rejects(late, { name: "AbortError" });
  // The hour's timer is gone, or this process would live for it.
  assert.ok(!process.getActiveResourcesInfo().includes("Timeout"));
});

test("a connection breaks before the answer or in the middle of it", async () => {
  const { anaplan, tasks, get } = await ready();
  const whole = await (await get(tasks)).text();
  await anaplan.set({ failures: [{ answer: "noAnswer", times: 1 }] });
  await assert.rejects(get(tasks), TypeError);

  await anaplan.set({ failures: [{ answer: "reset", times: 1 }] });
  const response = await get(tasks);
  assert.equal(response.status, 200);
  let seen = "";
  await assert.rejects(async () => {
    for await (const chunk of response.body) seen += new TextDecoder().decode(chunk);
  }, TypeError);
  assert.equal(seen, whole.slice(0, whole.length >> 1));
  assert.equal((await get(tasks)).status, 200);
});

test("a body that stalls ends by an abort, with its reason", async () => {
  const { anaplan, tasks, get } = await ready();
  await anaplan.set({ failures: [{ answer: "stall" }] });
  const controller = new AbortController();
  const response = await get(tasks, { signal: controller.signal });
  const reading = response.text();
  setTimeout(() => controller.abort("enough"), 5);
  await assert.rejects(reading, (error) => error === "enough");
});

test("importing it does nothing yet, and require finds the same", async () => {
  const { instantiate } = WebAssembly;
  let loads = 0;
  WebAssembly.instantiate = (...args) => (loads++, instantiate(...args));
  try {
    const cjs = createRequire(import.meta.url)("anaplan-tasks/simulator");
    const anaplan = cjs.createSimulator();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(loads, 0);
    assert.equal((await anaplan("https://api.anaplan.com/2/0/x")).status, 401);
    await cjs.createSimulator().describe();
    assert.equal(loads, 1);
  } finally {
    WebAssembly.instantiate = instantiate;
  }
});

test("what is too much or too late is refused, and it works on", async () => {
  const anaplan = createSimulator();
  const body = new Uint8Array(65_000_000);
  const large = await anaplan("https://x.example/2/0/x", { method: "POST", body });
  assert.equal(large.status, 413);
  await assert.rejects(anaplan.advance(1e300), TypeError);
  const { token } = await anaplan.describe();
  const headers = { Authorization: `AnaplanAuthToken ${token}` };
  assert.equal((await anaplan("https://x.example/2/0/x", { headers })).status, 404);
});

test("many requests leave no memory behind", async () => {
  // A copy of its own, so that its memory can be seen.
  const { instantiate } = WebAssembly;
  let memory;
  WebAssembly.instantiate = async (...args) => {
    const result = await instantiate(...args);
    const exports = Object.values((result.instance ?? result).exports);
    memory = exports.find((value) => value instanceof WebAssembly.Memory);
    return result;
  };
  try {
    const copy = await import(`${import.meta.resolve("anaplan-tasks/simulator")}?copy`);
    const anaplan = copy.createSimulator();
    await anaplan.set({ requestsPerMinute: 4_000_000_000 });
    const { token } = await anaplan.describe();
    const headers = { Authorization: `AnaplanAuthToken ${token}` };
    const ask = async (times) => {
      for (let i = 0; i < times; i++) await anaplan("https://x.example/2/0/x", { headers });
      return memory.buffer.byteLength;
    };
    const before = await ask(500);
    assert.ok(before > 0);
    assert.equal(await ask(5_000), before);
  } finally {
    WebAssembly.instantiate = instantiate;
  }
});
