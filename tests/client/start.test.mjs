// Starting, and what becomes of it when the answer is lost: in driven time, then over real
// connections in Node and in Chromium.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { createSimulator } from "anaplan-tasks/simulator";
import { driveTime } from "../support/clock.mjs";
import { makeKeys } from "../support/keys.mjs";
import { failure, memoryServer, model, reply } from "../support/memory.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";
import { json } from "../support/server.mjs";

await connect();

const SECRET = "s3cret-t0ken-0123456789";
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const posts = (log) => log.filter(({ method }) => method === "POST");
const lists = (log) => log.filter(({ method }) => method === "GET");

/** What Node says when a connection breaks. */
function broken(code, { message = code, ...more } = {}) {
  const cause = Object.assign(new Error(message), { code, ...more });
  return new TypeError("fetch failed", { cause });
}

/**
 * An Anaplan whose clock is `skew` off and that lists `tasks`: `start(entry, number)` answers the
 * POSTs, `list(entry, number)` the lists unless it gives nothing.
 */
function server(
  clock,
  { start, list, skew = 0, hasDate = true, tasks = [], isAscending, took = 40 },
) {
  const answer = async (entry, log) => {
    const headers = () => (hasDate ? { Date: new Date(Date.now() + skew).toUTCString() } : {});
    const number = log.filter(({ method }) => method === entry.method).length;
    await wait(entry.method === "POST" ? 10 : took / 2);
    const given = await (entry.method === "POST" ? start : list)?.(entry, number);
    if (given) {
      await wait(took / 2);
      return typeof given.text === "function" ? given : reply(given, { headers: headers() });
    }
    const { searchParams } = new URL(entry.url);
    const [limit, offset] = ["limit", "offset"].map((name) => Number(searchParams.get(name)));
    const order = isAscending ? 1 : -1;
    const sorted = tasks.toSorted((a, b) => order * (a.creationTime - b.creationTime));
    const rows = sorted.slice(offset, offset + limit);
    const paging = { currentPageSize: rows.length, totalSize: tasks.length, offset };
    const listed = reply({ meta: { paging }, tasks: rows }, { headers: headers() });
    await wait(took / 2);
    return listed;
  };
  const made = (taskId, ago = 0) => {
    const task = { taskId, taskState: "IN_PROGRESS", creationTime: Date.now() + skew - ago };
    tasks.push(task);
    return task;
  };
  return { ...memoryServer(clock, answer), tasks, made };
}

/** Ways to lose an answer, the task being there. */
const losses = {
  "a reset": () => {
    throw broken("ECONNRESET");
  },
  "a closed socket": () => {
    throw broken("UND_ERR_SOCKET", { message: "other side closed" });
  },
  // A host that goes away while the answer is awaited.
  "an unreachable host, once connected": () => {
    throw broken("EHOSTUNREACH", { syscall: "read" });
  },
  "a fault without a code": () => {
    throw new TypeError("Failed to fetch");
  },
  "no answer in time": () => new Promise(() => {}),
  408: () => reply("", { status: 408 }),
  500: () => reply("", { status: 500 }),
  502: () => reply("<h1>Bad gateway</h1>", { status: 502 }),
  503: () => reply("", { status: 503 }),
  504: () => reply("", { status: 504 }),
  "half a body": () => reply('{"task":{"taskI'),
  "no body": () => reply(""),
  "no content": () => reply("", { status: 204 }),
  "a page": () => reply("<!doctype html><title>Sign in</title>"),
  "an envelope": () => reply({ status: { code: 200, message: "Success" } }),
  "an id that is none": () => reply({ task: { taskId: "../x" } }),
  "an id of another kind": () => reply({ task: { taskId: null } }),
};

test("the body is in Anaplan's order, and both of its answers are understood", async (t) => {
  const clock = driveTime(t);
  const given = [
    { task: { taskId: "A" } },
    { taskId: "B" },
    { task: { taskId: "C", taskState: "NOT_STARTED" } },
  ];
  const { fetch, log } = server(clock, { start: (_, number) => given[number - 1] });
  const action = (await connect({ fetch, auth: SECRET })).action(model);
  const refs = [];
  const mappingParameters = [
    { importId: "I", entityName: 'Act"ual', entityType: "Version", more: 1 },
    { entityType: "Time", entityName: "Jän" },
  ];
  for (const options of [
    undefined,
    { mappingParameters, localeName: "de_DE" },
    { mappingParameters: [] },
  ]) {
    refs.push((await clock.until(action.start(options))).ref);
  }
  assert.deepEqual(
    refs,
    ["A", "B", "C"].map((taskId) => ({ ...model, taskId })),
  );
  assert.ok(refs.every(Object.isFrozen));
  assert.deepEqual(
    log.map(({ body }) => body),
    [
      '{"localeName":"en_US"}',
      '{"localeName":"de_DE","mappingParameters":[{"entityType":"Version","entityName":"Act\\"ual","importId":"I"},' +
        '{"entityType":"Time","entityName":"Jän"}]}',
      '{"localeName":"en_US","mappingParameters":[]}',
    ],
  );
  for (const { method, path, headers } of log) {
    assert.deepEqual([method, path], ["POST", "/2/0/workspaces/W/models/M/exports/E/tasks"]);
    assert.equal(headers["Content-Type"], "application/json");
    assert.equal(headers.Authorization, `AnaplanAuthToken ${SECRET}`);
  }
});

test("wrong options are refused by their names, and nothing is sent", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, {});
  const action = (await connect({ fetch })).action(model);
  const wrong = {
    localeName: [
      { localeName: "" },
      { localeName: 7 },
      { localeName: "en US" },
      { localeName: "x".repeat(36) },
    ],
    mappingParameters: [
      { mappingParameters: {} },
      { mappingParameters: "a" },
      { mappingParameters: [7] },
    ],
    entityType: [{ mappingParameters: [{}] }, { mappingParameters: [null] }],
    entityName: [{ mappingParameters: [{ entityType: "Version", entityName: 1 }] }],
    importId: [{ mappingParameters: [{ entityType: "a", entityName: "b", importId: {} }] }],
    timeout: [{ timeout: -1 }, { timeout: "1" }],
    signal: [{ signal: {} }],
  };
  for (const [name, all] of Object.entries(wrong)) {
    for (const options of all) {
      for (const way of ["start", "run"]) {
        const error = await failure(action[way](options));
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.match(error.message, new RegExp(`\\b${name}: expected`), JSON.stringify(options));
      }
    }
  }
  for (const options of [{ interval: -1 }, { onAbort: "stop" }, { whenHidden: 1 }]) {
    const error = await failure(action.run(options));
    assert.match(error.message, new RegExp(`${Object.keys(options)[0]}: expected`));
  }
  assert.equal(log.length, 0);
});

test("what proves that nothing was started is sent again", async (t) => {
  const clock = driveTime(t);
  const refusals = {
    409: () => reply("", { status: 409 }),
    423: () => reply("", { status: 423 }),
    424: () => reply("", { status: 424 }),
    429: () => reply("", { status: 429, headers: { "Retry-After": "3" } }),
  };
  const codes = "ECONNREFUSED ENOTFOUND EAI_AGAIN ENETUNREACH EHOSTUNREACH UND_ERR_CONNECT_TIMEOUT";
  for (const code of codes.split(" ")) {
    refusals[code] = () => {
      throw broken(code, { syscall: code === "ENOTFOUND" ? "getaddrinfo" : "connect" });
    };
  }
  for (const [name, refuse] of Object.entries(refusals)) {
    const start = (_, number) => (number < 3 ? refuse() : { task: { taskId: "T" } });
    const { fetch, log } = server(clock, { start });
    const anaplan = await connect({ fetch });
    const task = await clock.until(anaplan.action(model).start());
    assert.equal(task.ref.taskId, "T", name);
    assert.deepEqual(
      log.map(({ method }) => method),
      ["POST", "POST", "POST"],
      name,
    );
    if (name === "429") assert.ok(log[1].at - log[0].at >= 3_000);
  }
  // In the end it gives up, and says that nothing was started.
  const { fetch, log } = server(clock, { start: refusals[423] });
  const anaplan = await connect({ fetch, attempts: 3 });
  const error = await clock.until(failure(anaplan.action(model).start()));
  assert.deepEqual([error.code, error.retryable, log.length], ["MODEL_UNAVAILABLE", true, 3]);
  assert.match(error.message, /^Starting the task: .*It was tried 3 times\.$/);
  assert.match(error.hint, /^The model is locked/);
  assert.equal(error.toJSON().hint, error.hint);
});

test("a certificate that is not trusted is one, too: nothing was sent", async (t) => {
  const { key8: key, certificate: cert } = await makeKeys();
  let requests = 0;
  const server = createSecureServer({ key, cert }, (_, response) => {
    requests += 1;
    response.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const baseUrl = `https://127.0.0.1:${server.address().port}/2/0`;
  const anaplan = await connect({ baseUrl, auth: "hush-hush-token", attempts: 1 });
  const error = await failure(anaplan.action(model).start());
  assert.equal(error.code, "NETWORK");
  assert.match(error.message, /self-signed certificate/);
  assert.equal(requests, 0);
});

test("what was refused is not sent again", async (t) => {
  const clock = driveTime(t);
  const codes = {
    400: "INVALID_ARGUMENT",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    415: "PROTOCOL",
    422: "MODEL_UNAVAILABLE",
    302: "PROTOCOL",
  };
  for (const [status, code] of Object.entries(codes)) {
    const { fetch, log } = server(clock, { start: () => reply("", { status: Number(status) }) });
    const anaplan = await connect({ fetch });
    const error = await clock.until(failure(anaplan.action(model).start()));
    assert.deepEqual([error.code, error.status, log.length], [code, Number(status), 1], status);
    if (status !== "302")
      assert.ok(error.hint && error.message.endsWith(error.hint), error.message);
  }
});

test("a token that was refused is renewed once, and the start sent once more", async (t) => {
  const clock = driveTime(t);
  for (const good of [2, Infinity]) {
    const start = ({ headers }) =>
      headers.Authorization === `AnaplanAuthToken token-${good}-0123456789`
        ? { task: { taskId: "T" } }
        : reply("", { status: 401 });
    const { fetch, log } = server(clock, { start });
    let asked = 0;
    const anaplan = await connect({ fetch, auth: () => `token-${++asked}-0123456789` });
    const call = anaplan.action(model).start();
    if (good === 2) assert.equal((await clock.until(call)).ref.taskId, "T");
    else assert.equal((await clock.until(failure(call))).code, "UNAUTHORIZED");
    assert.equal(log.length, 2);
  }
});

for (const [name, lose] of Object.entries(losses)) {
  test(`after ${name} the one task that must be ours is taken`, async (t) => {
    const clock = driveTime(t);
    const situations = [];
    for (const skew of [0, 240_000, -240_000]) {
      for (const isAscending of [false, true]) situations.push({ skew, isAscending });
    }
    // Without a Date, the clocks are taken for one.
    situations.push({ hasDate: false });
    for (const situation of situations) {
      const theirs = server(clock, {
        ...situation,
        start: () => (theirs.made("OURS"), lose()),
      });
      for (const ago of [86_400_000, 60_000, 30_000, 5_000]) theirs.made(`other${ago}`, ago);
      const anaplan = await connect({ fetch: theirs.fetch });
      const task = await clock.until(anaplan.action(model).start());
      assert.deepEqual(task.ref, { ...model, taskId: "OURS" });
      assert.equal(posts(theirs.log).length, 1);
      // More than once where it is a question of the second that a Date is cut to.
      assert.ok(lists(theirs.log).length <= 4);
    }
    assert.equal(clock.timers(), 0);
  });
}

test("of two that may be it none is taken, and both are told", async (t) => {
  const clock = driveTime(t);
  for (const lose of [losses["a reset"], losses[502], losses["half a body"]]) {
    const theirs = server(clock, {
      start: async () => {
        theirs.made("A");
        await wait(5);
        theirs.made("B");
        return lose();
      },
    });
    theirs.made("old", 60_000);
    const anaplan = await connect({ fetch: theirs.fetch });
    const error = await clock.until(failure(anaplan.action(model).start()));
    assert.deepEqual([error.code, error.retryable], ["START_UNCERTAIN", false]);
    assert.deepEqual(error.candidates.map(({ taskId }) => taskId).sort(), ["A", "B"]);
    const [candidate] = error.toJSON().candidates;
    assert.deepEqual(Object.keys(candidate).sort(), ["creationTime", "ref", "taskId", "taskState"]);
    assert.equal((await anaplan.task(candidate.ref)).ref.taskId, candidate.taskId);
    assert.match(
      error.message,
      /^Starting the task: it is not known whether .*, and 2 tasks may be it\. Look at/,
    );
    assert.equal(posts(theirs.log).length, 1);
  }
});

test("where none is found it is looked twice more, and a late one is taken", async (t) => {
  const clock = driveTime(t);
  for (const lateAt of [2, 3, Infinity]) {
    const theirs = server(clock, {
      start: losses[504],
      list: (_, number) => {
        if (number === lateAt) theirs.made("LATE");
      },
    });
    theirs.made("old", 60_000);
    const anaplan = await connect({ fetch: theirs.fetch });
    const call = anaplan.action(model).start();
    if (lateAt < 4) {
      assert.equal((await clock.until(call)).ref.taskId, "LATE");
      assert.equal(lists(theirs.log).length, lateAt);
    } else {
      const error = await clock.until(failure(call));
      assert.deepEqual([error.code, error.status, error.candidates], ["START_UNCERTAIN", 504, []]);
      assert.match(error.message, /no such task is listed/);
      const looks = lists(theirs.log).map(({ at }) => at);
      assert.equal(looks.length, 3);
      assert.ok(looks[1] - looks[0] >= 5_000 && looks[2] - looks[1] >= 10_000);
    }
    assert.equal(posts(theirs.log).length, 1);
  }
});

test("a list that cannot be had leaves it uncertain, and says why", async (t) => {
  const clock = driveTime(t);
  const troubles = {
    403: () => reply(`{"status":{"message":"not for ${SECRET}"}}`, { status: 403 }),
    500: () => reply("", { status: 500 }),
    "cannot|not with a list": () => reply(`<h1>${SECRET}</h1>`),
    ECONNREFUSED: () => {
      throw broken("ECONNREFUSED", { message: `connect ECONNREFUSED ${SECRET}` });
    },
  };
  for (const [said, list] of Object.entries(troubles)) {
    const { fetch, log } = server(clock, { start: losses["a reset"], list });
    const anaplan = await connect({ fetch, auth: SECRET, attempts: 2 });
    const error = await clock.until(failure(anaplan.action(model).start()));
    assert.deepEqual(
      [error.code, error.retryable, error.candidates],
      ["START_UNCERTAIN", false, []],
    );
    assert.match(error.message, new RegExp(`the newest tasks cannot be listed \\(.*(${said})`));
    assert.match(error.message, /What happened: no answer from .*ECONNRESET/);
    assert.equal(posts(log).length, 1);
    const told = `${error.message}${error.stack}${JSON.stringify(error)}${error.cause}${error.cause?.cause}`;
    assert.doesNotMatch(told, /s3cret/);
  }
});

test("a token that cannot be had for the looks leaves it uncertain, too", async (t) => {
  const clock = driveTime(t);
  let asked = 0;
  const auth = async () => {
    if (++asked > 1) throw new Error("the vault is closed");
    return { token: SECRET, expiresAt: Date.now() + 61_000 };
  };
  const start = async () => {
    await wait(70_000);
    return reply("", { status: 504 });
  };
  const { fetch, log } = server(clock, { start });
  const anaplan = await connect({ fetch, auth, requestTimeout: 100_000 });
  const error = await clock.until(failure(anaplan.action(model).start()));
  assert.equal(posts(log).length, 1);
  assert.equal(error.code, "START_UNCERTAIN");
  assert.match(error.message, /cannot be listed \(the auth function failed/);
  assert.equal(error.cause.message, "the vault is closed");
});

test("a list in ascending order of more than a page is read at its end", async (t) => {
  const clock = driveTime(t);
  const theirs = server(clock, {
    isAscending: true,
    start: () => (theirs.made("OURS"), losses[502]()),
  });
  for (let i = 0; i < 2_400; i++) theirs.made(`old${i}`, 1_000_000 - 10 * i);
  const anaplan = await connect({ fetch: theirs.fetch });
  const task = await clock.until(anaplan.action(model).start());
  assert.equal(task.ref.taskId, "OURS");
  assert.equal(lists(theirs.log).length % 3, 0);
});

test("in ascending order without a true total, it is read to its end", async (t) => {
  const clock = driveTime(t);
  for (const total of [undefined, 1_000, 0, 1e300]) {
    const theirs = server(clock, {
      start: () => (theirs.made("OURS"), losses[502]()),
      list: ({ url }) => {
        const offset = Number(new URL(url).searchParams.get("offset"));
        const tasks = theirs.tasks.slice(offset, offset + 1_000);
        return { meta: { paging: { totalSize: total } }, tasks };
      },
    });
    for (let i = 0; i < 2_400; i++) theirs.made(`old${i}`, 1_000_000 - 10 * i);
    const anaplan = await connect({ fetch: theirs.fetch });
    const task = await clock.until(anaplan.action(model).start());
    assert.equal(task.ref.taskId, "OURS", String(total));
  }
});

test("two starts of one action, one lost, never end in the same task", async (t) => {
  const clock = driveTime(t);
  // When the other one is sent, and how long its answer takes: before the lost one, beside it, while
  // the list is on its way.
  for (let delay = 0; delay <= 400; delay += 20) {
    for (const slow of [0, 100, 1_000]) {
      for (const isExecuted of [true, false]) {
        const theirs = server(clock, {
          took: 200,
          start: async (_, number) => {
            if (number === 1) {
              if (isExecuted) theirs.made("LOST");
              return losses["a reset"]();
            }
            theirs.made("OTHER");
            await wait(slow);
            return { task: { taskId: "OTHER" } };
          },
        });
        const anaplan = await connect({ fetch: theirs.fetch });
        const first = anaplan.action(model).start();
        await clock.pass(delay);
        const second = anaplan.action(model).start();
        const [lost, other] = await clock.until(Promise.allSettled([first, second]));
        const what = `${delay} ms later, ${slow} ms slow, ${isExecuted}`;
        assert.equal(other.value.ref.taskId, "OTHER", what);
        if (isExecuted) assert.equal(lost.value?.ref.taskId, "LOST", what);
        else assert.equal(lost.reason?.code, "START_UNCERTAIN", what);
        assert.equal(posts(theirs.log).length, 2);
      }
    }
  }
});

test("of two starts that are both lost, no two end in the same task", async (t) => {
  const clock = driveTime(t);
  for (const apart of [0, 5, 50, 300, 1_500]) {
    for (const executed of [[1], [2], [1, 2], []]) {
      const theirs = server(clock, {
        start: async (_, number) => {
          if (executed.includes(number)) theirs.made(`T${number}`);
          await wait(200);
          return losses[504]();
        },
      });
      theirs.made("old", 60_000);
      const anaplan = await connect({ fetch: theirs.fetch });
      const first = anaplan.action(model).start();
      await clock.pass(apart);
      const second = anaplan.action(model).start();
      const ends = await clock.until(Promise.allSettled([first, second]));
      const what = `${apart} ms apart, ${executed}`;
      const taken = ends.flatMap(({ value }) => value?.ref.taskId ?? []);
      assert.equal(new Set(taken).size, taken.length, what);
      assert.ok(taken.length <= executed.length && !taken.includes("old"), what);
      for (const { reason } of ends) if (reason) assert.equal(reason.code, "START_UNCERTAIN", what);
      assert.equal(posts(theirs.log).length, 2);
      if (apart >= 1_500) assert.equal(taken.length, executed.length, what);
    }
  }
});

test("starts that follow each other do not keep a lost one waiting", async (t) => {
  const clock = driveTime(t);
  const theirs = server(clock, {
    start: async (_, number) => {
      const { taskId } = theirs.made(`T${number}`);
      if (number === 1) return losses["a reset"]();
      await wait(5_000);
      return { task: { taskId } };
    },
  });
  const anaplan = await connect({ fetch: theirs.fetch });
  const lost = anaplan.action(model).start();
  let isOpen = true;
  lost.finally(() => (isOpen = false));
  const others = [];
  const began = clock.now();
  while (isOpen && clock.now() < began + 60_000) {
    others.push(anaplan.action(model).start());
    await clock.pass(2_000);
  }
  assert.equal((await clock.until(lost)).ref.taskId, "T1");
  assert.ok(clock.now() - began < 12_000, `${clock.now() - began} ms`);
  await clock.until(Promise.all(others));
});

test("starts of other actions are not waited for", async (t) => {
  const clock = driveTime(t);
  const theirs = server(clock, {
    start: ({ path }) => {
      if (!path.includes("/E/")) return new Promise(() => {});
      return (theirs.made("OURS"), losses[502]());
    },
  });
  const anaplan = await connect({ fetch: theirs.fetch });
  const hanging = failure(anaplan.action({ ...model, exportId: "F" }).start({ timeout: 20_000 }));
  const began = clock.now();
  const task = await clock.until(anaplan.action(model).start());
  assert.equal(task.ref.taskId, "OURS");
  assert.ok(clock.now() - began < 1_000);
  const error = await clock.until(hanging);
  assert.equal(error.code, "TIMEOUT");
  assert.match(error.message, /; what was started runs on$/);
});

test("abort, time-out and close act at once, in the request and in the looks", async (t) => {
  const clock = driveTime(t);
  // In the POST; in the first list; between two looks; in the second list.
  for (const after of [10, 60, 2_000, 5_100]) {
    for (const way of ["abort", "timeout", "close"]) {
      const theirs = server(clock, { start: losses[503] });
      const anaplan = await connect({ fetch: theirs.fetch });
      const controller = new AbortController();
      const { signal } = controller;
      const timeout = way === "timeout" ? after : undefined;
      let error;
      failure(anaplan.action(model).start({ signal, timeout })).then((value) => (error = value));
      const before = clock.now();
      await clock.pass(after - 1);
      const { length } = theirs.log;
      if (way === "abort") controller.abort("enough");
      if (way === "close") anaplan.close();
      if (way === "timeout") await clock.pass(1);
      await clock.settle();
      assert.ok(error, `${way} after ${after}`);
      if (way === "abort") assert.equal(error, "enough");
      if (way === "close") assert.equal(error.name, "AbortError");
      if (way === "timeout") assert.equal(error.code, "TIMEOUT");
      assert.ok(clock.now() - before <= after);
      assert.ok(
        theirs.log.every(({ open }) => !open),
        "a request goes on",
      );
      await clock.pass(60_000);
      assert.equal(theirs.log.length, length);
      assert.equal(clock.timers(), 0);
    }
  }
});

test("one who gave up before it was sent starts nothing", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, { start: () => ({ task: { taskId: "T" } }) });
  const anaplan = await connect({ fetch });
  const signal = AbortSignal.abort("early");
  for (const way of ["start", "run"]) {
    for (const onAbort of ["detach", "cancel"]) {
      assert.equal(await failure(anaplan.action(model)[way]({ signal, onAbort })), "early");
    }
    const error = await failure(anaplan.action(model)[way]({ timeout: 0 }));
    assert.equal(error.code, "TIMEOUT");
  }
  anaplan.close();
  assert.equal((await failure(anaplan.action(model).start())).name, "AbortError");
  await clock.pass(60_000);
  assert.equal(log.length, 0);
});

test("what a server says holds no token, whatever fails", async (t) => {
  const clock = driveTime(t);
  for (const status of [400, 403, 404, 422, 423, 500, 200]) {
    const said = { status: { code: status, message: `You sent ${SECRET}` } };
    const { fetch } = server(clock, { start: () => reply(said, { status }) });
    const anaplan = await connect({ fetch, auth: SECRET, attempts: 1 });
    const error = await clock.until(failure(anaplan.action(model).start()));
    const told = `${error.message}${error.stack}${error.hint}${JSON.stringify(error)}`;
    assert.doesNotMatch(told, /s3cret/, String(status));
  }
  // Nor do the tasks of others.
  const theirs = server(clock, {
    start: losses[502],
    list: () => ({ tasks: [1, 2].map((n) => ({ taskId: `T${n}`, taskState: `is ${SECRET}` })) }),
  });
  const anaplan = await connect({ fetch: theirs.fetch, auth: SECRET });
  const error = await clock.until(failure(anaplan.action(model).start()));
  assert.equal(error.candidates.length, 2);
  assert.doesNotMatch(JSON.stringify(error), /s3cret/);
});

for (const host of ["127.0.0.1", "localhost"]) {
  test(`in Node, a start that ${host} refuses is sent again, and no list is needed`, async (t) => {
    const log = [];
    const server = createServer((request, response) => {
      log.push(request.method);
      json(response, { task: { taskId: "T" } });
    });
    t.after(() => server.close().closeAllConnections());
    const listen = (port) => once(server.listen(port, "127.0.0.1"), "listening");
    await listen(0);
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const retries = [];
    const onEvent = (event) => {
      if (event.type === "retry" && retries.push(event) === 1) listen(port);
    };
    const anaplan = await connect({ baseUrl: `http://${host}:${port}/2/0`, onEvent });
    const task = await anaplan.action(model).start();
    assert.equal(task.ref.taskId, "T");
    assert.deepEqual(log, ["POST"]);
    assert.ok(retries.every(({ method, code }) => method === "POST" && code === "NETWORK"));
    // To a port where nobody listens at all, it ends as what it is.
    await new Promise((resolve) => server.close(resolve).closeAllConnections());
    const other = await connect({ baseUrl: `http://${host}:${port}/2/0`, attempts: 2 });
    const error = await failure(other.action(model).start());
    assert.deepEqual([error.code, error.retryable], ["NETWORK", true]);
    assert.match(error.message, /ECONNREFUSED/);
  });
}

test("the simulator loses answers, and another user's tasks stay theirs", async (t) => {
  const simulator = createSimulator();
  const { token, workspaceId, models } = await simulator.describe();
  const ref = { workspaceId, modelId: models[0].modelId, exportId: models[0].exports[0].exportId };
  const anaplan = await connect({ fetch: simulator, auth: token, requestTimeout: 5_000 });
  const clock = driveTime(t);
  const action = anaplan.action(ref);
  const known = new Set();
  const others = async () => {
    for await (const { taskId } of action.tasks()) known.add(taskId);
  };
  for (const clockSkew of [0, 300_000, -300_000]) {
    await simulator.set({ clockSkew });
    await clock.until(simulator.startAsAnother(ref));
    await clock.until(simulator.advance(5_000));
    await clock.until(others());
    for (const answer of ["noAnswer", 503, "truncated", "empty", "reset", "loginPage"]) {
      const lost = { answer, on: ["start"], times: 1, executed: true };
      await simulator.set({ failures: [lost] });
      const task = await clock.until(action.start());
      assert.ok(!known.has(task.ref.taskId), `${answer}: another's`);
      assert.equal((await clock.until(task.status())).taskId, task.ref.taskId);
      const before = known.size;
      await clock.until(others());
      assert.equal(known.size, before + 1, `${answer}: two tasks`);
      // Beyond the quarter of a second in which two cannot be told apart.
      await clock.until(simulator.advance(2_000));
    }
  }
  // Another user in the very moment.
  await simulator.set({
    clockSkew: 0,
    failures: [{ answer: "noAnswer", on: ["start"], times: 1, executed: true }],
  });
  const both = [action.start(), wait(30).then(() => simulator.startAsAnother(ref))];
  const [started, theirs] = await clock.until(Promise.allSettled(both));
  if (started.status === "fulfilled")
    assert.notEqual(started.value.ref.taskId, theirs.value.taskId);
  else assert.equal(started.reason.candidates.length, 2);
});

/** A server with an old task and, once a POST came, another; that is answered by `lose`. */
const losing =
  (lose) =>
  (request, response, { method, log }) => {
    const now = Date.now();
    if (method === "POST") return lose(request, response);
    const sent = log.find((entry) => entry.method === "POST");
    const tasks = [
      { taskId: "OLD", taskState: "COMPLETE", creationTime: now - 60_000 },
      {
        taskId: "OURS",
        taskState: "IN_PROGRESS",
        creationTime: now - (performance.now() - sent.at),
      },
    ];
    json(response, { meta: { paging: { totalSize: 2 } }, tasks });
  };

const started = async ({ connect, baseUrl, model }) => {
  // Long enough for the questions that come after it on a slow machine.
  const anaplan = await connect({ baseUrl, requestTimeout: 3_000 });
  return (await anaplan.action(model).start()).ref.taskId;
};

/** Node says a mode, too. */
const isOfBrowser = ({ headers }) => "sec-fetch-site" in headers;

const onceAndFound = (taskId, log) => {
  assert.equal(taskId, "OURS");
  const [first, ...looks] = log.map(({ method }) => method);
  assert.equal(first, "POST");
  // Chromium itself sends it again where a connection that was in use before breaks without a word: by
  // the key, whoever is between knows the two for one.
  const isBrowser = isOfBrowser(log[0]);
  while (isBrowser && looks[0] === "POST") looks.shift();
  assert.ok(looks.length <= 8 && looks.every((method) => method === "GET"), String(looks));
  const [key, ...others] = log.map(({ headers }) => headers["idempotency-key"]);
  assert.match(String(key), isBrowser ? /^"[\da-f-]{36}"$/ : /^undefined$/);
  for (const [i, other] of others.entries()) {
    assert.equal(other, log[i + 1].method === "POST" ? key : undefined);
  }
};

const answers = {
  "a connection that breaks before the answer": (request) => request.socket.destroy(),
  "a connection that breaks within the answer": (request, response) => {
    response.writeHead(200, { "Content-Length": "100" }).write('{"task":');
    setTimeout(() => request.socket.destroy(), 20);
  },
  "an answer that does not come": () => {},
  "an answer that does not end": (request, response) => response.writeHead(200).write("{"),
  "a 504": (request, response) => response.writeHead(504).end("<h1>Gateway Timeout</h1>"),
  "a body that is none": (request, response) => response.writeHead(200).end(),
};
for (const [name, lose] of Object.entries(answers)) {
  scenario(`a start is sent once, and found, after ${name}`, {
    answer: losing(lose),
    run: started,
    check: onceAndFound,
  });
}

scenario("each start has a key of its own in a page, and keeps it when it is sent again", {
  answer: (request, response, { method, log }) => {
    // Each is turned away once: by one that is busy, and by one that has it under way, for all it says.
    const isFirst = method === "POST" && log.length % 2 === 1;
    if (!isFirst) return json(response, { task: { taskId: "T" } });
    const status = log.length === 1 ? 429 : 409;
    response.writeHead(status, { "Retry-After": "0" }).end();
  },
  run: async ({ connect, baseUrl, model }) => {
    const action = (await connect({ baseUrl })).action(model);
    for (let i = 0; i < 2; i++) await action.start();
  },
  check: (_, log) => {
    const keys = log.map(({ headers }) => headers["idempotency-key"]);
    assert.equal(keys.length, 4);
    assert.deepEqual([keys[1], keys[3]], [keys[0], keys[2]]);
    // A program talks to Anaplan itself, which gets nothing that it does not know.
    const isBrowser = isOfBrowser(log[0]);
    assert.equal(new Set(keys).size, isBrowser ? 2 : 1);
    assert.equal(typeof keys[0], isBrowser ? "string" : "undefined");
  },
});

scenario("a start has its headers and its body", {
  answer: (request, response, { method, log }) => {
    let text = "";
    request.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      log.at(-1).body = text;
      json(response, { taskId: "T" });
    });
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl, auth: "t0ken" });
    const mappingParameters = [{ entityType: "Version", entityName: "Plan – β" }];
    const task = await anaplan.action(model).start({ mappingParameters, localeName: "en_GB" });
    return task.ref;
  },
  check: (ref, log) => {
    assert.deepEqual(ref, { workspaceId: "W", modelId: "M", exportId: "E", taskId: "T" });
    const [{ headers, body }] = log;
    assert.match(headers["content-type"], /^application\/json/);
    assert.equal(
      body,
      '{"localeName":"en_GB","mappingParameters":[{"entityType":"Version","entityName":"Plan – β"}]}',
    );
  },
});

runScenarios("anaplan-tasks");
