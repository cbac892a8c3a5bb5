// The host application's word: asked before anything is sent, and before anything known is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allow,
  asking,
  assertRefusal,
  assertSafe,
  exportId,
  inExport,
  inModel,
  listen,
  model,
  openGateway,
  read,
  request,
  taskPath,
  upstream,
} from "../support/gateway.mjs";

const everywhere = { ...allow, actions: "*" };

function open(authorize, options) {
  const { fetch, log } = upstream();
  return openGateway(fetch, { authorize, allow: everywhere, ...options }).then((gateway) => ({
    gateway,
    ask: asking(gateway),
    log,
  }));
}

test("true lets it pass, and nothing else does", async () => {
  const deny = (value) => [value, 403];
  const broken = (value) => [value, 500];
  for (const [authorize, status] of [
    [() => true, 200],
    [async () => true, 200],
    [() => ({ then: (resolve) => resolve(true) }), 200],
    ...[() => false, async () => false, () => undefined, async () => null, () => 1].map(deny),
    ...[() => "true", () => "", () => ({}), () => [], async () => ({ ok: true })].map(deny),
    ...[() => new Boolean(true), () => () => true, () => Symbol("true")].map(deny),
    ...[() => Promise.reject(new Error("the session store is away")), throws].map(broken),
    ...[() => Promise.reject(undefined), async () => throws()].map(broken),
  ]) {
    for (const [method, path] of [
      ["GET", taskPath()],
      ["POST", `${inExport}/tasks`],
      ["DELETE", taskPath()],
      ["GET", `${inModel}/files/${exportId}/chunks/0`],
    ]) {
      const { ask, log } = await open(authorize);
      const answer = await ask(path, { method });
      assert.equal(answer.status, status, `${authorize} ${answer.text}`);
      assertSafe(answer);
      assert.equal(log.length, status === 200 ? 1 : 0, `${authorize}`);
      assert.doesNotMatch(answer.text, /session store/);
      if (status !== 200) assert.equal(answer.json.status.code, status);
    }
  }
});

function throws() {
  throw new Error("the session store is away");
}

test("a Response is answered as it is, and nothing is sent", async () => {
  const login = () =>
    new Response("Sign in", {
      status: 401,
      headers: { "WWW-Authenticate": "Session", "X-Own": "1" },
    });
  for (const authorize of [login, async () => login()]) {
    const { ask, log } = await open(authorize);
    for (const method of ["GET", "DELETE"]) {
      const { status, headers, text } = await ask(taskPath(), { method });
      assert.deepEqual([status, text, headers.get("x-own")], [401, "Sign in", "1"]);
    }
    assert.equal(log.length, 0);
  }
  const { ask } = await open(() => Response.redirect("https://login.example/", 303));
  assert.equal((await ask(taskPath())).status, 303);
});

test("what only resembles a Response lets nothing pass, and is none", async () => {
  for (const given of [
    { status: 1 },
    { status: 200, user: "x" },
    { status: NaN },
    [{ status: 403 }],
  ]) {
    const { gateway, log } = await open(() => given);
    const answer = await gateway(request(taskPath()));
    assert.ok(answer instanceof Response, `${JSON.stringify(given)} was answered`);
    assert.ok(answer.status >= 400);
    assert.equal(log.length, 0);
  }
});

test("it is asked for each request, before what is known is told", async () => {
  const users = [];
  const { ask, log } = await open((request) => {
    users.push(request.headers.get("cookie"));
    return users.at(-1) === "user=good";
  });
  const as = (user) =>
    ask(taskPath(), { headers: { "Sec-Fetch-Site": "same-origin", Cookie: `user=${user}` } });
  assert.equal((await as("good")).status, 200);
  assert.equal(log.length, 1);
  assertRefusal(await as("bad"), 403);
  assert.equal((await as("good")).status, 200);
  assertRefusal(await as("bad"), 403);
  assert.deepEqual(
    users,
    ["user=good", "user=bad", "user=good", "user=bad"].map((u) => u),
  );
  assert.equal(log.length, 1);
});

test("who may not is not told by an answer that is under way", async () => {
  let release;
  const { fetch, log } = upstream(async () => {
    await new Promise((resolve) => (release = resolve));
    return { task: { taskId: "T1", taskState: "IN_PROGRESS" } };
  });
  let may = true;
  const ask = asking(await openGateway(fetch, { authorize: () => may }));
  const first = ask(taskPath());
  while (!release) await new Promise((resolve) => setTimeout(resolve, 1));
  may = false;
  assertRefusal(await ask(taskPath()), 403);
  release();
  assert.equal((await first).status, 200);
  assert.equal(log.length, 1);
});

test("nothing is sent while it makes up its mind, and nothing that is foreign gets to it", async () => {
  let decide;
  let calls = 0;
  const { ask, log } = await open(() => {
    calls++;
    return new Promise((resolve) => (decide = resolve));
  });
  const pending = ask(`${inExport}/tasks`, { method: "POST" });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([calls, log.length], [1, 0]);
  decide(true);
  assert.equal((await pending).status, 200);
  assert.equal(log.length, 1);

  const foreign = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" };
  assertRefusal(await ask(taskPath(), { headers: foreign }), 403);
  assertRefusal(await ask(taskPath("T1", `${inModel}x/exports/1`)), 403);
  assertRefusal(await ask("/users/me"), 404);
  assert.equal(calls, 1);
});

test("it gets the request, the operation and the reference of each kind", async () => {
  const calls = [];
  const { gateway, ask } = await open((...args) => {
    calls.push(args);
    return true;
  });
  const kinds = {
    exports: "exportId",
    imports: "importId",
    processes: "processId",
    actions: "actionId",
  };
  for (const [kind, field] of Object.entries(kinds)) {
    const action = { ...model, [field]: "77" };
    const task = { ...action, taskId: "T1" };
    const at = `${inModel}/${kind}/77`;
    for (const [method, path, operation, ref] of [
      ["GET", `${inModel}/${kind}`, "list", model],
      ["GET", at, "list", action],
      ["GET", `${at}/tasks?limit=1`, "tasks", action],
      ["POST", `${at}/tasks`, "start", action],
      ["GET", `${at}/tasks/T1`, "status", task],
      ["DELETE", `${at}/tasks/T1`, "cancel", task],
      ["GET", `${at}/tasks/T1/dump/chunks`, "download", task],
      ["GET", `${at}/tasks/T1/dump/chunks/0`, "download", task],
      ["GET", `${at}/tasks/T1/dumps/5/chunks/0`, "download", task],
      ["GET", `${inModel}/files/77/chunks`, "download", { ...model, exportId: "77" }],
      ["GET", `${inModel}/files/77/chunks/0`, "download", { ...model, exportId: "77" }],
    ]) {
      const asked = request(path, {
        method,
        headers: { "Sec-Fetch-Site": "same-origin", Cookie: "a=b" },
      });
      assert.equal((await gateway(asked)).status, 200, path);
      const [[given, ...rest]] = calls.splice(0);
      assert.deepEqual(rest, [operation, ref], `${method} ${path}`);
      assert.equal(Object.getPrototypeOf(rest[1]), Object.prototype);
      assert.ok(given instanceof Request);
      assert.deepEqual([given.method, given.url], [method, asked.url]);
      assert.equal(given.headers.get("cookie"), "a=b");
    }
  }
  assert.equal((await ask(taskPath())).status, 200);
  assert.equal(calls[0].length, 3);
});

const started = { localeName: "de_DE", mappingParameters: [{ entityType: "V", entityName: "Ä" }] };

for (const [name, reading] of Object.entries({
  text: (request) => request.text(),
  json: (request) => request.json(),
  part: async (request) => (await request.body.getReader().read()).value.length,
  nothing: () => undefined,
  cancelled: (request) => void request.body.cancel(),
})) {
  test(`it may read a start's body (${name}), and the start still has it`, async (t) => {
    let had;
    const authorize = async (request) => {
      had = await reading(request);
      return true;
    };
    const { gateway, ask, log } = await open(authorize);
    const body = JSON.stringify(started);
    assert.equal((await ask(`${inExport}/tasks`, { method: "POST", body })).status, 200);
    assert.deepEqual(JSON.parse(log[0].body), started);
    if (name === "json") assert.deepEqual(had, started);

    // And so it is of a server's own requests.
    const origin = await listen(t, gateway);
    const headers = { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" };
    const path = `${origin}/anaplan${inExport}/tasks`;
    assert.equal((await fetch(path, { method: "POST", headers, body })).status, 200);
    assert.deepEqual(JSON.parse(log[1].body), started);
  });
}

test("it changes nothing by changing what it gets", async () => {
  const { ask, log } = await open((request, operation, ref) => {
    ref.taskId = "OTHER";
    ref.workspaceId = "elsewhere";
    return true;
  });
  assert.equal((await ask(taskPath())).status, 200);
  assert.equal(log[0].path, taskPath());
});

test("one that never decides is not waited for, and what it says later starts nothing", async () => {
  let decide;
  const { ask, log } = await open(() => new Promise((resolve) => (decide = resolve)), {
    limits: { timeout: 50 },
  });
  const answer = await ask(`${inExport}/tasks`, { method: "POST" });
  // As Anaplan's own refusals, of which one knows that nothing was done.
  assert.equal(answer.status, 429, answer.text);
  assertSafe(answer);
  decide(true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(log.length, 0);
  assert.doesNotMatch(answer.text, /not known/, "nothing was sent, and so it is known");
});

test("its answers stay between it and who asked", async () => {
  const { gateway } = await open(() => new Response("own", { status: 403 }));
  const [one, other] = await Promise.all(
    [1, 2].map(async () => read(await gateway(request(taskPath())))),
  );
  assert.deepEqual([one.text, other.text], ["own", "own"]);
});
