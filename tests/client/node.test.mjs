// What only Node shows: broken sockets, other origins, processes that end.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
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
  const anaplan = await connect({ baseUrl: `http://127.0.0.1:${port}`, auth: "s3cret" });
  const error = await failure(anaplan.task(ref).status());
  assert.equal(error.code, "NETWORK");
  assert.equal(error.retryable, true);
  assert.match(error.message, /ECONNREFUSED/);
  assert.equal(error.cause.cause.code, "ECONNREFUSED");
  assert.doesNotMatch(error.message, /browser/, "advice for another place");
});

test("a host that does not exist is NETWORK", async () => {
  const anaplan = await connect({ baseUrl: "https://no-such-host.invalid" });
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
    const anaplan = await connect({ baseUrl: await breaking(t, text) });
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
    retryable: false,
    status: 404,
    ref,
  });
});

async function askForIt(anaplan) {
  return await anaplan.task(ref).status();
}

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

test("watches with one signal leave no listener behind", async (t) => {
  const base = await serve(t, (request, response) => json(response, inProgress));
  const script = `
    import { connect } from "anaplan-tasks";
    import { getEventListeners } from "node:events";
    const anaplan = await connect({ baseUrl: "${base}" });
    const { signal } = new AbortController();
    const iterators = Array.from({ length: 10 }, (_, i) =>
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
  assert.deepEqual([code, stdout, stderr], [0, "10 0\n", ""]);
});

function path({ workspaceId, modelId, exportId, taskId }) {
  return `/workspaces/${workspaceId}/models/${modelId}/exports/${exportId}/tasks/${taskId}`;
}
