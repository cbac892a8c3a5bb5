// What only Node shows: broken sockets, other origins, processes that end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";
import { AnaplanError, connect } from "anaplan-tasks";
import { at } from "../../scripts/project.mjs";
import { runProgram } from "../support/process.mjs";
import { json, serve } from "../support/server.mjs";

const ref = { workspaceId: "W", modelId: "M", exportId: "E", taskId: "T" };
const inProgress = { task: { taskId: "T", taskState: "IN_PROGRESS" } };

/** The error that a call ends with. */
async function failure(call) {
  return assert.rejects(call).then(() => call.catch((error) => error));
}

test("a refused connection is NETWORK, with the socket's own error behind it", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  const anaplan = await connect({
    baseUrl: `http://127.0.0.1:${port}`,
    auth: "s3cret",
    attempts: 1,
  });
  const error = await failure(anaplan.task(ref).status());
  assert.equal(error.code, "NETWORK");
  assert.equal(error.retryable, true);
  assert.match(error.message, /ECONNREFUSED/);
  assert.equal(error.cause.cause.code, "ECONNREFUSED");
  assert.doesNotMatch(error.message, /browser/, "advice for another place");
});

test("a host that does not exist is NETWORK", async () => {
  const anaplan = await connect({ baseUrl: "https://no-such-host.invalid", attempts: 1 });
  const error = await failure(anaplan.task(ref).status());
  assert.equal(error.code, "NETWORK");
  assert.match(error.message, /no answer from https:\/\/no-such-host\.invalid: fetch failed \(/);
});

/** A server that says `text` to whoever connects and then breaks the connection. */
async function breaking(t, text) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(text, () => socket.resetAndDestroy()));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

for (const [name, text] of Object.entries({
  "before the answer": "",
  "in the headers": "HTTP/1.1 200 OK\r\nContent-Ty",
  "in the body": 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"task":{"taskId":"T",',
  "by what is no HTTP": "SSH-2.0-OpenSSH_9.6\r\n\r\n",
})) {
  test(`a connection that breaks ${name} is NETWORK`, async (t) => {
    const anaplan = await connect({ baseUrl: await breaking(t, text), attempts: 1 });
    const error = await failure(anaplan.task(ref).status());
    assert.ok(error instanceof AnaplanError);
    assert.equal(error.code, "NETWORK");
    assert.deepEqual(error.ref, ref);
  });
}

test("a redirect to another origin carries nothing there", async (t) => {
  const reached = [];
  const other = await serve(t, (request, response) => {
    reached.push(request.url);
    json(response, inProgress);
  });
  const base = await serve(t, (request, response) =>
    response.writeHead(307, { Location: other + request.url }).end(),
  );
  const anaplan = await connect({ baseUrl: base, auth: "s3cret" });
  for (const call of [anaplan.task(ref).status(), anaplan.task(ref).cancel()]) {
    const error = await failure(call);
    assert.equal(error.code, "PROTOCOL");
    assert.equal(error.status, 307);
  }
  assert.deepEqual(reached, []);
});

test("requests are what Anaplan expects, and carry the token to it alone", async (t) => {
  const requests = [];
  const base = await serve(t, (request, response) => {
    requests.push([request.method, request.url, request.headers]);
    json(response, inProgress);
  });
  const anaplan = await connect({ baseUrl: `${base}/2/0/`, auth: "s3cret" });
  await anaplan.task(`https://api.anaplan.com/2/0${path(ref)}`).status();
  await anaplan.task({ ...ref, exportId: undefined, processId: "P" }).cancel();
  const open = await connect({ baseUrl: new URL(base) });
  await open.task({ ...ref, taskId: "U" }).status();
  assert.deepEqual(
    requests.map(([method, url]) => `${method} ${url}`),
    [
      "GET /2/0/workspaces/W/models/M/exports/E/tasks/T",
      "DELETE /2/0/workspaces/W/models/M/processes/P/tasks/T",
      "GET /workspaces/W/models/M/exports/E/tasks/U",
    ],
  );
  const headers = requests.map(([, , headers]) => headers);
  assert.equal(headers[0].authorization, "AnaplanAuthToken s3cret");
  assert.equal(headers[0].accept, "application/json");
  assert.equal(headers[2].authorization, undefined);
});

test("a base URL that passes means to Node what it means to us", async (t) => {
  const hosts = ["https://a.example", "HTTPS://A.Example:8443/x/", "http://[::1]:80/2/0"];
  for (const baseUrl of [
    ...hosts,
    "http://LOCALHOST/..~/.x",
    "https://0x7f.1/",
    "http://127.0.0.1",
  ]) {
    const urls = [];
    const anaplan = await connect({
      baseUrl,
      fetch: async (url) => {
        urls.push(url);
        return new Response("{}");
      },
    });
    await failure(anaplan.task(ref).status());
    const [sent, given] = [new URL(urls[0]), new URL(baseUrl)];
    assert.equal(sent.origin, given.origin);
    assert.equal(sent.pathname, given.pathname.replace(/\/$/, "") + path(ref));
    assert.equal(sent.search + sent.hash + sent.username, "");
  }
});

test("fetch, timers and clocks are those that stand on globalThis now", async (t) => {
  const anaplan = await connect({ baseUrl: "https://api.example" });
  const fetched = t.mock.method(globalThis, "fetch", async () => Response.json(inProgress));
  await anaplan.task(ref).status();
  assert.equal(fetched.mock.callCount(), 1);
});

test("an error printed by Node names its class and leads to the caller", async (t) => {
  const base = await serve(t, (request, response) => json(response, {}, 404));
  const anaplan = await connect({ baseUrl: base });
  const error = await failure(askForIt(anaplan));
  assert.match(error.stack, /^AnaplanError: Asking for the task/);
  assert.match(error.stack, /at async askForIt/);
  assert.deepEqual(JSON.parse(JSON.stringify(error)), {
    name: "AnaplanError",
    code: "NOT_FOUND",
    message: error.message,
    hint: error.hint,
    retryable: false,
    status: 404,
    ref,
  });
});

async function askForIt(anaplan) {
  return await anaplan.task(ref).status();
}

test("an error that nobody catches is told in a few lines", async (t) => {
  const base = await serve(t, (request, response) => json(response, {}, 404));
  const call = `.connect({ baseUrl: "${base}" }).then((a) => a.task(${JSON.stringify(ref)}).status())`;
  for (const script of [
    `(await import("anaplan-tasks"))${call}`,
    `require("anaplan-tasks")${call}`,
    `(await import("anaplan-tasks/simulator")).createSimulator().set({ nonsense: 1 })`,
  ]) {
    const type = script.startsWith("require") ? "commonjs" : "module";
    const args = [`--input-type=${type}`, "--eval", script];
    const { code, stderr } = await runProgram(process.execPath, args, { cwd: at() });
    assert.equal(code, 1);
    // Node prints the line that threw.
    assert.ok(stderr.length < 4_000, `${stderr.length} characters: ${stderr.slice(0, 400)}`);
  }
});

test("a reference is plain, frozen data that makes the same task again", async () => {
  const anaplan = await connect();
  const given = { ...ref, name: "extra", nested: {} };
  const { ref: kept } = anaplan.task(given);
  assert.deepEqual(kept, ref);
  assert.ok(Object.isFrozen(kept));
  assert.deepEqual(anaplan.task(JSON.parse(JSON.stringify(kept))).ref, ref);
  assert.deepEqual(anaplan.task(path(ref)).ref, ref);
});

test("a process ends by itself when nothing is awaited any more", async (t) => {
  const base = await serve(t, (request, response) => json(response, inProgress));
  const script = `
    import { connect } from "anaplan-tasks";
    const anaplan = await connect({ baseUrl: "${base}" });
    const task = anaplan.task(${JSON.stringify(ref)});
    for await (const status of task.watch()) { console.log(status.phase); break; }
    const forgotten = task.watch()[Symbol.asyncIterator]();
    await forgotten.next();
    console.log("end");
  `;
  const args = ["--input-type=module", "--eval", script];
  // It would hang for ever; the limit is only there to tell that from an end.
  const { code, stdout } = await runProgram(process.execPath, args, { cwd: at(), timeout: 60_000 });
  assert.deepEqual([code, stdout], [0, "running\nend\n"]);
});

test("a process stays while an outcome is awaited", async (t) => {
  let asked = 0;
  const base = await serve(t, (request, response) => {
    const taskState = ++asked < 2 ? "IN_PROGRESS" : "CANCELLED";
    json(response, { task: { taskId: "T", taskState } });
  });
  const script = `
    import { connect } from "anaplan-tasks";
    const anaplan = await connect({ baseUrl: "${base}" });
    console.log((await anaplan.task(${JSON.stringify(ref)}).outcome()).phase);
  `;
  const args = ["--input-type=module", "--eval", script];
  const { code, stdout } = await runProgram(process.execPath, args, { cwd: at() });
  assert.deepEqual([code, stdout], [0, "cancelled\n"]);
});

test("watches with one signal share a listener and leave none behind", async (t) => {
  const base = await serve(t, (request, response) => json(response, inProgress));
  const script = `
    import { connect } from "anaplan-tasks";
    import { getEventListeners } from "node:events";
    const anaplan = await connect({ baseUrl: "${base}" });
    const { signal } = new AbortController();
    const iterators = Array.from({ length: 50 }, (_, i) =>
      anaplan.task({ ...${JSON.stringify(ref)}, taskId: "T" + i }).watch({ signal })[Symbol.asyncIterator]());
    await Promise.all(iterators.map((iterator) => iterator.next()));
    const waiting = iterators.map((iterator) => iterator.next());
    await new Promise((resolve) => setTimeout(resolve, 10));
    const during = getEventListeners(signal, "abort").length;
    await Promise.all(iterators.map((iterator) => iterator.return()));
    await Promise.all(waiting);
    console.log(during, getEventListeners(signal, "abort").length);
  `;
  const args = ["--input-type=module", "--eval", script];
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: at() });
  assert.deepEqual([code, stdout, stderr], [0, "1 0\n", ""]);
});

// With a limit: what is missed is waited for in vain.
const limit = { timeout: 60_000 };
test("a slow consumer misses nothing, however many tasks are open", limit, async (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => now);
  let asked = 0;
  const anaplan = await connect({
    baseUrl: "https://api.example",
    requestsPerMinute: 1e9,
    fetch: async (url) => {
      if (!url.endsWith("/slow")) return Response.json(inProgress);
      const taskState = ++asked > 3 ? "COMPLETE" : "IN_PROGRESS";
      return Response.json({ task: { taskId: "T", taskState } });
    },
  });
  const iterator = anaplan
    .task({ ...ref, taskId: "slow" })
    .watch()
    [Symbol.asyncIterator]();
  for (let i = 0; i < 3; i++) {
    await iterator.next();
    now += 12_000;
  }
  for (let i = 0; i < 200; i++) await anaplan.task({ ...ref, taskId: `other${i}` }).status();
  const { value } = await iterator.next();
  assert.equal(value.taskState, "COMPLETE");
  assert.equal(asked, 4);
});

test("no error of a fetch of one's own carries the token", async () => {
  const errors = {
    axios: (url, init) => Object.assign(new Error("x"), { config: { headers: init.headers } }),
    aggregate: (url, init) => new AggregateError([new Error(init.headers.Authorization)]),
    nested: (url, init) =>
      new Error("a", { cause: new Error("b", { cause: init.headers.Authorization }) }),
    request: (url, init) => Object.assign(new Error("x"), { request: new Request(url, init) }),
    object: (url, init) => ({ init }),
    list: (url, init) => [init.headers.Authorization],
    encoded: (url, init) => new Error(encodeURIComponent(init.headers.Authorization)),
  };
  for (const [name, make] of Object.entries(errors)) {
    const fetch = async (...args) => {
      throw make(...args);
    };
    const anaplan = await connect({ auth: "abc+s3cret/xyz==", fetch, attempts: 1 });
    const error = await failure(anaplan.task(ref).status());
    assert.equal(error.code, "NETWORK");
    const told = inspect(error, { depth: 10 }) + JSON.stringify(error);
    assert.doesNotMatch(told, /s3cret/, name);
  }
  // Without a token there is nothing to hide, and the cause is the one that was thrown.
  const thrown = new Error("mine");
  const anaplan = await connect({
    attempts: 1,
    fetch: async () => {
      throw thrown;
    },
  });
  assert.equal((await failure(anaplan.task(ref).status())).cause, thrown);
});

test("options that throw when they are read are INVALID_ARGUMENT", async () => {
  for (const name of ["wasm", "baseUrl", "auth", "fetch", "requestTimeout"]) {
    const options = {
      get [name]() {
        throw new Error("from inside");
      },
    };
    await assert.rejects(connect(options), { code: "INVALID_ARGUMENT", message: RegExp(name) });
  }
});

test("a signal that still calls who has left does no harm", async () => {
  const listeners = [];
  const signal = {
    aborted: false,
    addEventListener: (_, listener) => listeners.push(listener),
    removeEventListener() {},
  };
  const anaplan = await connect({ fetch: async () => Response.json(inProgress) });
  await anaplan.task(ref).status({ signal });
  assert.equal(listeners.length, 1);
  for (const listener of listeners) listener();
  assert.equal((await anaplan.task(ref).status()).phase, "running");
});

test("a core that breaks down rejects what is pending and what comes after", async (t) => {
  // A copy of its own, which the other tests do not depend on.
  const copy = await import(`${import.meta.resolve("anaplan-tasks")}?broken`);
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  const anaplan = await copy.connect({
    baseUrl: "https://api.example",
    fetch: () => answered,
  });
  const task = anaplan.task(ref);
  const pending = [task.status(), task.outcome(), task.watch()[Symbol.asyncIterator]().next()];
  await new Promise((resolve) => setTimeout(resolve, 10));
  // As a trap would, in the midst of its work.
  const trap = t.mock.method(Math, "random", () => {
    throw new Error("a trap");
  });
  answer(Response.json(inProgress));
  const results = await Promise.allSettled([...pending, task.status()]);
  for (const { reason } of results) {
    assert.equal(reason.code, "INTERNAL");
    assert.match(reason.message, /a trap.*please report it/);
  }
  trap.mock.restore();
  assert.throws(() => anaplan.task(ref), { code: "INTERNAL" });

  const next = await copy.connect({ fetch: async () => Response.json(inProgress) });
  assert.equal((await next.task(ref).status()).phase, "running");
  await assert.rejects(task.status(), results[0].reason);
});

test("whatever JSON comes, a status or an error of ours comes of it", async () => {
  let seed = 1;
  const chance = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const pick = (list) => list[chance(list.length)];
  const names =
    "task taskId taskState currentStep progress creationTime result successful details values " +
    "nestedResults localMessageText occurrences type status message failureDumpAvailable __proto__";
  const leaves = [null, true, false, 0, -1, 0.5, 1, 1e300, -0, "", "COMPLETE", "T", "\ud800", "é"];
  const value = (depth) => {
    const kind = depth > 0 ? chance(5) : 0;
    if (kind < 2) return pick(leaves);
    const length = chance(5);
    if (kind === 2) return Array.from({ length }, () => value(depth - 1));
    const entries = Array.from({ length }, () => [pick(names.split(" ")), value(depth - 1)]);
    return Object.fromEntries(entries);
  };
  let body;
  const anaplan = await connect({
    baseUrl: "https://api.example",
    requestsPerMinute: 1e9,
    attempts: 1,
    fetch: async () => new Response(body),
  });
  let statuses = 0;
  for (let i = 0; i < 5_000; i++) {
    // Mostly a task, or most of them would be refused at the door.
    const task = chance(4) ? { taskId: "T", taskState: pick(leaves), result: value(4) } : value(3);
    body = JSON.stringify(chance(8) ? { task: { ...task, ...Object(value(1)) } } : value(5));
    const call = anaplan.task({ ...ref, taskId: `T${i}` }).status();
    const status = await call.catch((error) => {
      assert.equal(error.code, "PROTOCOL", `${error.stack} for ${body}`);
    });
    if (!status) continue;
    statuses++;
    assert.equal(typeof status.taskId, "string", body);
    assert.equal(typeof status.taskState, "string", body);
    assert.equal(typeof status.done, "boolean", body);
    assert.ok(!("progress" in status) || (status.progress >= 0 && status.progress <= 1), body);
    if (status.phase === "succeeded") assert.equal(status.result.successful, true, body);
    if (status.result) assert.ok(Array.isArray(status.result.details), body);
  }
  assert.ok(statuses > 2_000, `${statuses} statuses`);
});

test("many calls leave no memory behind", async (t) => {
  // A copy of its own, so that its memory can be seen.
  let memory;
  const { instantiate } = WebAssembly;
  t.mock.method(WebAssembly, "instantiate", async (...args) => {
    const result = await instantiate(...args);
    const exports = Object.values((result.instance ?? result).exports);
    memory = exports.find((value) => value instanceof WebAssembly.Memory);
    return result;
  });
  // What was asked for is remembered for five seconds, which pass with every call here.
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const copy = await import(`${import.meta.resolve("anaplan-tasks")}?memory`);
  const anaplan = await copy.connect({
    baseUrl: "https://api.example",
    requestsPerMinute: 1e9,
    attempts: 1,
    fetch: async (url) =>
      url.includes("bad") ? new Response("no", { status: 500 }) : Response.json(inProgress),
  });
  let count = 0;
  const call = async () => {
    now += 6_000;
    const task = anaplan.task({ ...ref, taskId: `${count % 7 ? "good" : "bad"}${count++}` });
    const { signal } = new AbortController();
    await task.status({ signal, timeout: 60_000 }).catch(() => {});
    now += 6_000;
    const iterator = task.watch({ signal })[Symbol.asyncIterator]();
    await iterator.next().catch(() => {});
    const waiting = iterator.next().catch(() => {});
    await iterator.return();
    await waiting;
  };
  const bytesAfter = async (calls) => {
    for (let i = 0; i < calls; i++) await call();
    return memory.buffer.byteLength;
  };
  const before = await bytesAfter(1_000);
  assert.equal(await bytesAfter(10_000), before);
});

function path({ workspaceId, modelId, exportId, taskId }) {
  return `/workspaces/${workspaceId}/models/${modelId}/exports/${exportId}/tasks/${taskId}`;
}
