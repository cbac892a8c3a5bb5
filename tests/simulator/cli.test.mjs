// The simulator as a process, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { test } from "node:test";
import { runProgram } from "../support/process.mjs";
import { run, simulate } from "../support/simulator.mjs";

test("--json is one line with all that a program needs", async (t) => {
  const { stdout, tenant, origin } = await simulate(t, "--json", "--seed", "3");
  assert.match(stdout, /^\{[^\n]*\}\n$/);
  assert.deepEqual(Object.keys(tenant), [
    "baseUrl",
    "authUrl",
    "user",
    "password",
    "token",
    "workspaceId",
    "models",
  ]);
  assert.match(origin, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(tenant.baseUrl, `${origin}/2/0`);
  assert.equal(tenant.authUrl, `${origin}/token`);
  for (const model of tenant.models) {
    const { modelId, name, ...kinds } = model;
    assert.ok(modelId && name);
    assert.deepEqual(Object.keys(kinds).sort(), ["actions", "exports", "imports", "processes"]);
    for (const one of model.exports) {
      assert.deepEqual(Object.keys(one).sort(), ["exportId", "name", "outcome"]);
    }
  }
  const again = await simulate(t, "--json", "--seed", "3");
  assert.equal(again.tenant.workspaceId, tenant.workspaceId);
  assert.notEqual(again.origin, origin);
});

test("what it prints is what works, the line for curl included", async (t) => {
  const { stdout } = await simulate(t);
  const value = (name) => new RegExp(`^  ${name} +(\\S+)$`, "m").exec(stdout)?.[1];
  const basic = Buffer.from(`${value("user")}:${value("password")}`).toString("base64");
  const login = await fetch(`${value("authentication")}/authenticate`, {
    method: "POST",
    headers: { Authorization: `Basic ${basic}` },
  });
  assert.equal(login.status, 201);

  const line = /^ *(curl .*)$/m.exec(stdout)[1];
  const { stdout: body, code } = await runProgram("sh", ["-c", line]);
  assert.equal(code, 0, line);
  const { taskId } = JSON.parse(body).task;
  const url = /'(http[^']*)'/.exec(line)[1];
  const headers = { Authorization: `AnaplanAuthToken ${value("token")}` };
  const response = await fetch(`${url}/${taskId}`, { headers });
  assert.equal((await response.json()).task.taskId, taskId);
});

test("a task runs over HTTP, on a clock that another process moves", async (t) => {
  const { tasks, headers, post } = await simulate(t, "--json");
  const started = await fetch(tasks, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ localeName: "en_US" }),
  });
  const { taskId } = (await started.json()).task;
  const state = async () => {
    const response = await fetch(`${tasks}/${taskId}`, { headers });
    return (await response.json()).task.taskState;
  };
  assert.equal(await state(), "NOT_STARTED");
  assert.equal((await post("/simulator/clock", { advance: 20_000 })).status, 204);
  assert.equal(await state(), "IN_PROGRESS");
  const cancelled = await fetch(`${tasks}/${taskId}`, { method: "DELETE", headers });
  assert.equal((await cancelled.json()).task.taskState, "CANCELLING");
  await post("/simulator/clock", { advance: 60_000 });
  assert.equal(await state(), "CANCELLED");
});

test("another process sets switches and reads the tenant", async (t) => {
  const { origin, tenant, tasks, headers, post } = await simulate(t, "--json");
  const described = await (await fetch(`${origin}/simulator`)).json();
  assert.equal(described.workspaceId, tenant.workspaceId);
  assert.equal(described.tasks.length, 4);

  const set = await post("/simulator/faults", { failures: [{ answer: 503, times: 1 }] });
  assert.equal((await set.json()).failures.length, 1);
  const html = await fetch(tasks, { headers });
  assert.equal(html.status, 503);
  assert.match(await html.text(), /^<!DOCTYPE html>/);
  assert.equal((await fetch(tasks, { headers })).status, 200);

  for (const [path, value] of [
    ["/simulator/faults", { nonsense: 1 }],
    ["/simulator/clock", { advance: -1 }],
    ["/simulator/clock", null],
  ]) {
    const refused = await post(path, value);
    assert.equal(refused.status, 400, path);
    assert.equal(typeof (await refused.json()).error, "string");
  }
  assert.equal((await post("/simulator/other", {})).status, 404);
});

test("a page of any origin is let in to the API, unless the switch says no", async (t) => {
  const { origin, tasks, headers, post } = await simulate(t, "--json");
  const page = { Origin: "http://localhost:1234" };
  const preflight = await fetch(tasks, {
    method: "OPTIONS",
    headers: { ...page, "Access-Control-Request-Method": "DELETE" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-origin"), page.Origin);
  const allowed = await fetch(tasks, { headers: { ...headers, ...page } });
  assert.equal(allowed.status, 200);
  assert.equal(allowed.headers.get("access-control-allow-origin"), page.Origin);
  // But no page moves the clock.
  assert.equal((await fetch(`${origin}/simulator`, { headers: page })).status, 403);
  // Nor does one whose own name was made to lead here.
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.write("GET /simulator HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  const [answer] = await once(socket, "data");
  assert.match(String(answer), /^HTTP\/1\.1 403 /);

  await post("/simulator/faults", { refuseOrigins: true });
  const refused = await fetch(tasks, { headers: { ...headers, ...page } });
  assert.deepEqual([refused.status, await refused.text()], [403, ""]);
  assert.equal((await fetch(tasks, { headers })).status, 200);
});

test("a broken connection is broken on the wire", async (t) => {
  const { origin, tasks, headers, post } = await simulate(t, "--json");
  const whole = await (await fetch(tasks, { headers })).text();

  await post("/simulator/faults", { failures: [{ answer: "reset", times: 1 }] });
  const cut = await wire(origin, tasks, headers);
  assert.match(cut.text, /^HTTP\/1\.1 200 /);
  assert.ok(cut.text.includes(whole.slice(0, whole.length >> 1)), cut.text);
  // Neither the rest nor the chunk that says "this was all".
  assert.ok(!cut.text.includes(whole.slice(-20)) && !cut.text.includes("\r\n0\r\n"), cut.text);

  await post("/simulator/faults", { failures: [{ answer: "noAnswer", times: 1 }] });
  assert.deepEqual(await wire(origin, tasks, headers), { text: "", code: "ECONNRESET" });

  await post("/simulator/faults", { failures: [{ answer: "reset", times: 1 }] });
  await assert.rejects(async () => (await fetch(tasks, { headers })).text(), TypeError);
  assert.equal((await fetch(tasks, { headers })).status, 200);
});

/** All that a socket sees of the answer to a GET, and how it ended. */
async function wire(origin, url, { Authorization }) {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${new URL(origin).host}\r\n`);
  socket.write(`Authorization: ${Authorization}\r\n\r\n`);
  let text = "";
  let code;
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => (text += chunk));
  socket.on("error", (error) => (code = error.code));
  await once(socket, "close").catch(() => {});
  return { text, code };
}

test("after a client gave up on a hang, the next request is answered", async (t) => {
  const { tasks, headers, post } = await simulate(t, "--json");
  await post("/simulator/faults", { failures: [{ answer: "hang", times: 1 }] });
  const hanging = fetch(tasks, { headers, signal: AbortSignal.timeout(200) });
  await assert.rejects(hanging, { name: "TimeoutError" });
  assert.equal((await fetch(tasks, { headers })).status, 200);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal} ends it at once, with a request that hangs`, async (t) => {
    const { child, tasks, headers, post, errors } = await simulate(t, "--json");
    await post("/simulator/faults", { failures: [{ answer: "hang" }] });
    const hanging = fetch(tasks, { headers });
    const failed = assert.rejects(hanging, TypeError);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = performance.now();
    child.kill(signal);
    const [code] = await once(child, "exit");
    // Far below the seconds that Node gives idle connections.
    assert.ok(performance.now() - before < 2_000);
    assert.deepEqual([code, errors()], [0, ""]);
    await failed;
  });
}

test("help and version say what there is", async () => {
  const { version } = JSON.parse(
    await readFile(new URL("../../package.json", import.meta.url), "utf8"),
  );
  for (const option of ["--version", "-v"]) {
    assert.deepEqual(await run(option), { code: 0, stdout: `${version}\n`, stderr: "" });
  }
  const help = await run("--help");
  assert.equal(help.code, 0);
  assert.match(help.stdout, /simulate /);
  for (const option of ["--help", "-h"]) {
    const { code, stdout } = await run("simulate", "--port", "x", option);
    assert.equal(code, 0);
    for (const word of ["--port", "--host", "--seed", "--json", "npx anaplan-tasks simulate"]) {
      assert.ok(stdout.includes(word), word);
    }
  }
  const nothing = await run();
  assert.deepEqual([nothing.code, nothing.stdout], [2, ""]);
  assert.equal(nothing.stderr, help.stdout);
});

test("wrong use is explained on stderr, with exit code 2", async () => {
  for (const [args, message] of [
    [["fly"], /unknown command 'fly'.*simulate/],
    [["toString"], /unknown command/],
    [["--fly"], /unknown option '--fly'/],
    [["simulate", "--fly"], /'--fly'/],
    [["simulate", "now"], /'now'/],
    [["simulate", "--port"], /--port/],
    [["simulate", "--port", "80a"], /--port: expected a whole number from 0 to 65535, found '80a'/],
    [["simulate", "--port", "65536"], /--port/],
    [["simulate", "--port=-1"], /--port/],
    [["simulate", "--port", ""], /--port/],
    [["simulate", "--host", ""], /--host: expected an address/],
    [["simulate", "--seed", "1.5"], /--seed/],
  ]) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, message);
    assert.match(stderr, /--help/);
    assert.doesNotMatch(stderr, /\n +at /);
  }
});

test("a port in use is named, with exit code 1", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address();
  const { code, stdout, stderr } = await run("simulate", "--port", String(port), "--json");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, new RegExp(`port ${port} .*in use.*--port 0`));
  assert.doesNotMatch(stderr, /\n +at /);
});

test("an address that is not this machine's is refused, with exit code 1", async () => {
  const { code, stderr } = await run("simulate", "--port", "0", "--host", "192.0.2.1");
  assert.equal(code, 1);
  assert.match(stderr, /192\.0\.2\.1/);
});
