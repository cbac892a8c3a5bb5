// One answer for all who ask the same, and what becomes of Anaplan's answers on their way.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { driveTime } from "../support/clock.mjs";
import { fixtures } from "../client/fixtures.mjs";
import {
  allow,
  asking,
  assertNoSecret,
  assertSafe,
  inExport,
  inModel,
  openGateway,
  taskPath,
  token,
  upstream,
} from "../support/gateway.mjs";
import { reply } from "../support/memory.mjs";

const FLOOR = 5_000;
const tasks = `${inExport}/tasks`;
const running = { task: { taskId: "T1", taskState: "IN_PROGRESS" } };
const state = (taskState) => ({ task: { taskId: "T1", taskState } });
const json = (status, body, headers) => reply(body, { status, headers });
/** In driven time. */
const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));

/** A gateway in driven time: `get` and `send` let pass what it takes. */
async function open(t, answer, options) {
  // What loads the core takes real time.
  await openGateway(() => {});
  const clock = driveTime(t);
  const { fetch, log } = upstream(answer, clock.now);
  const ask = asking(await openGateway(fetch, options));
  const get = (path = taskPath(), init) => clock.until(ask(path, init));
  const sent = (method = "GET") => log.filter((entry) => entry.method === method);
  return {
    clock,
    log,
    ask,
    get,
    sent,
    send: (method, path, init) => get(path, { method, ...init }),
  };
}

/** The least time between two of a task's GETs. */
function closest(entries) {
  return Math.min(Infinity, ...entries.slice(1).map(({ at }, i) => at - entries[i].at));
}

test("answers younger than five seconds are given again, and older ones are not", async (t) => {
  let count = 0;
  const { clock, get, log } = await open(t, () => ({
    task: { taskId: `${++count}`, taskState: "X" },
  }));
  const ids = [];
  for (const pause of [0, 1, 2_500, 2_498, 2, 4_998, 3]) {
    await clock.pass(pause);
    ids.push((await get()).json.task.taskId);
  }
  assert.deepEqual(ids, ["1", "1", "1", "1", "2", "2", "3"]);
  assert.equal(log.length, 3);
  assert.ok(closest(log) >= FLOOR);
});

test("an answer's age counts from when it came", async (t) => {
  const { clock, get, log } = await open(t, () => later(3_000, running));
  await get();
  await clock.pass(4_900);
  await get();
  assert.equal(log.length, 1);
  await clock.pass(101);
  await get();
  assert.equal(log.length, 2);
});

test("a thousand who ask at once, or while it is under way, are answered by one request", async (t) => {
  const { clock, ask, log } = await open(t, () => later(2_000, running));
  const all = Array.from({ length: 500 }, () => ask(taskPath()));
  await clock.pass(1_000);
  all.push(...Array.from({ length: 500 }, () => ask(taskPath())));
  const answers = await clock.until(Promise.all(all));
  assert.equal(log.length, 1);
  assert.ok(answers.every(({ status, text }) => status === 200 && text === answers[0].text));
});

test("whoever asks, and however often, Anaplan is asked once in five seconds", async (t) => {
  const { clock, ask, log } = await open(t, () => later(150, running));
  const open_ = [];
  for (let i = 0; i < 600; i++) {
    open_.push(ask(taskPath()));
    await clock.pass(100);
  }
  await clock.until(Promise.all(open_));
  assert.ok(log.length >= 11 && log.length <= 13, `${log.length}`);
  assert.ok(closest(log) >= FLOOR);
});

test("each task, each list and each part of a list is asked for by itself", async (t) => {
  const { get, log } = await open(t);
  const paths = [
    ...[taskPath("A"), taskPath("B"), taskPath("a"), tasks, `${tasks}?limit=1`, `${tasks}?limit=2`],
    ...[`${tasks}?limit=1&offset=1`, `${tasks}?sort=-taskId`, `${inModel}/exports`, inExport],
  ];
  for (const path of [...paths, ...paths]) await get(path);
  assert.deepEqual(
    log.map(({ path, query }) => path + (query && `?${query}`)),
    // Lists of actions are read whole, whatever part is asked for.
    paths.map((path) => (path.endsWith("/exports") ? `${path}?limit=1000&offset=0` : path)),
  );
});

test("what was given up is not asked for again before five seconds either", async (t) => {
  const { clock, get, log, sent } = await open(t, () => later(100_000, running), {
    limits: { timeout: 1_000 },
  });
  assert.equal((await get()).status, 504);
  assert.equal(log[0].open, false, "the request to Anaplan goes on");
  assert.equal((await get()).status, 504);
  assert.equal(sent().length, 1);
  await clock.pass(4_500);
  await get();
  assert.equal(sent().length, 2);
  assert.ok(closest(sent()) >= FLOOR);
});

for (const [what, answer, status] of [
  ["a 404", () => json(404, {}), 404],
  ["a 500", () => json(500, "oh"), 500],
  ["a failing network", () => Promise.reject(new TypeError("fetch failed")), 502],
  ["HTML", () => reply("<html>sign in</html>"), 502],
]) {
  test(`${what} is shared like any other answer`, async (t) => {
    const { clock, ask, get, log } = await open(t, answer);
    const many = await clock.until(Promise.all(Array.from({ length: 50 }, () => ask(taskPath()))));
    assert.ok(many.every((one) => one.status === status));
    await clock.pass(4_990);
    await get();
    assert.equal(log.length, 1);
    await clock.pass(20);
    await get();
    assert.equal(log.length, 2);
  });
}

describe("after a cancel", () => {
  /** A task that is cancelled by the DELETE, and says when the answer was decided. */
  function cancellable({ get = 0, cancel = 0 } = {}) {
    let is = "IN_PROGRESS";
    return async ({ method }) => {
      if (method === "DELETE") {
        await later(cancel / 2);
        is = "CANCELLING";
        return later(cancel / 2, state(is));
      }
      const then = is;
      return later(get, state(then));
    };
  }
  const stateOf = ({ json }) => json.task.taskState;

  test("a status is a GET sent after it, five seconds after the last one", async (t) => {
    const { clock, get, send, log } = await open(t, cancellable());
    await get();
    await clock.pass(1_000);
    const cancelled = await send("DELETE", taskPath());
    assert.deepEqual([cancelled.status, stateOf(cancelled)], [200, "CANCELLING"]);
    assert.equal(stateOf(await get()), "CANCELLING");
    assert.deepEqual(
      log.map(({ method }) => method),
      ["GET", "DELETE", "GET"],
    );
    assert.ok(log[2].at - log[0].at >= FLOOR, `${log[2].at - log[0].at}`);
  });

  test("a GET that was under way meanwhile does not count", async (t) => {
    const { clock, ask, get, log } = await open(t, cancellable({ get: 3_000, cancel: 200 }));
    const early = ask(taskPath());
    await clock.pass(1_000);
    const cancelled = await clock.until(ask(taskPath(), { method: "DELETE" }));
    assert.equal(stateOf(cancelled), "CANCELLING");
    const late = get();
    assert.equal(stateOf(await late), "CANCELLING");
    await clock.until(early);
    const gets = log.filter(({ method }) => method === "GET");
    assert.equal(gets.length, 2);
    // From the end of the first one on.
    assert.ok(gets[1].at - gets[0].at >= 3_000 + FLOOR);
    assert.equal(stateOf(await get()), "CANCELLING");
  });

  test("a GET that was sent meanwhile does not count either", async (t) => {
    const { clock, ask, get, log } = await open(t, cancellable({ get: 100, cancel: 2_000 }));
    const cancel = ask(taskPath(), { method: "DELETE" });
    await clock.pass(500);
    assert.equal(stateOf(await get()), "IN_PROGRESS");
    await clock.until(cancel);
    assert.equal(stateOf(await get()), "CANCELLING");
    assert.ok(closest(log.filter(({ method }) => method === "GET")) >= FLOOR);
  });

  test("the list of tasks is fresh, and other tasks are not asked for again", async (t) => {
    const { get, send, sent } = await open(t);
    await get(tasks);
    await get(taskPath("OTHER"));
    await send("DELETE", taskPath());
    await get(tasks);
    await get(taskPath("OTHER"));
    assert.deepEqual(
      sent().map(({ path }) => path),
      [tasks, taskPath("OTHER"), tasks],
    );
  });

  test("even a status that was final is asked for again", async (t) => {
    let is = "COMPLETE";
    const { get, send, clock } = await open(t, () => state(is));
    await get();
    await clock.pass(10_000);
    is = "CANCELLED";
    assert.equal(stateOf(await get()), "COMPLETE");
    await send("DELETE", taskPath());
    assert.equal(stateOf(await get()), "CANCELLED");
  });

  test("those who cancel at once cancel once, and each who does so later again", async (t) => {
    const { clock, ask, send, sent } = await open(t, cancellable({ cancel: 500 }));
    const all = Array.from({ length: 20 }, () => ask(taskPath(), { method: "DELETE" }));
    const answers = await clock.until(Promise.all(all));
    assert.ok(answers.every((answer) => stateOf(answer) === "CANCELLING"));
    assert.equal(sent("DELETE").length, 1);
    await send("DELETE", taskPath());
    assert.equal(sent("DELETE").length, 2);
  });

  for (const [what, outcome, status] of [
    ["without a body", () => reply("", { status: 204 }), 200],
    ["without a task", () => reply({ status: { code: 200 } }), 200],
    ["as HTML", () => reply("<html>"), 200],
    ["by 409", () => json(409, { status: { message: "It is over" } }), 409],
    ["by 404", () => json(404, {}), 404],
    ["by 500", () => json(500, ""), 500],
    ["by nobody", () => Promise.reject(new TypeError("reset")), 502],
  ]) {
    test(`what was known is not told again when the cancel is answered ${what}`, async (t) => {
      let is = "IN_PROGRESS";
      const { get, send, sent } = await open(t, (entry) => {
        if (entry.method === "GET") return state(is);
        is = "CANCELLED";
        return outcome();
      });
      await get();
      const answer = await send("DELETE", taskPath());
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json.status.code, status);
      assert.equal(stateOf(await get()), "CANCELLED");
      assert.equal(sent("DELETE").length, 1);
    });
  }

  test("what was known is not told again when the cancel is not answered in time", async (t) => {
    let is = "IN_PROGRESS";
    const { clock, ask, get, sent } = await open(
      t,
      ({ method }) => {
        if (method === "GET") return state(is);
        is = "CANCELLED";
        return later(100_000);
      },
      { limits: { timeout: 6_000 } },
    );
    await get();
    const answer = await clock.until(ask(taskPath(), { method: "DELETE" }));
    assert.equal(answer.status, 504);
    assert.equal(stateOf(await get()), "CANCELLED");
    assert.equal(sent("DELETE").length, 1);
  });
});

describe("after a start", () => {
  const started = () => {
    let count = 0;
    return (entry) => {
      if (entry.method === "POST") return { task: { taskId: `N${++count}` } };
      return { tasks: Array.from({ length: count }, (_, i) => ({ taskId: `N${i + 1}` })) };
    };
  };
  const idsIn = ({ json }) => json.tasks?.map(({ taskId }) => taskId) ?? [];

  test("the list of tasks is fresh, in all its parts", async (t) => {
    const { get, send, sent } = await open(t, started());
    for (const query of ["", "?limit=5"]) assert.deepEqual(idsIn(await get(tasks + query)), []);
    const { status, json } = await send("POST", tasks);
    assert.deepEqual([status, json.task.taskId], [200, "N1"]);
    for (const query of ["", "?limit=5"]) assert.deepEqual(idsIn(await get(tasks + query)), ["N1"]);
    await get(tasks);
    assert.equal(sent().length, 4);
  });

  test("which is so, too, when it is not known whether it took place", async (t) => {
    for (const failure of [
      () => Promise.reject(new TypeError("reset")),
      () => reply("<html>", { status: 502 }),
      () => later(100_000),
    ]) {
      let count = 0;
      const answer = (entry) => {
        if (entry.method === "GET") return { tasks: count ? [{ taskId: "N1" }] : [] };
        count++;
        return failure();
      };
      const { get, send, sent, clock } = await open(t, answer, { limits: { timeout: 6_000 } });
      await get(tasks);
      const { status, json } = await send("POST", tasks);
      assert.ok([502, 504].includes(status));
      assert.equal(json.status.code, status);
      assert.deepEqual(idsIn(await get(tasks)), ["N1"], String(failure));
      assert.equal(sent("POST").length, 1);
      t.mock.restoreAll();
      void clock;
    }
  });

  test("which was given up before it left is not sent later: it was said that nothing was started", async (t) => {
    const { clock, ask, sent } = await open(t, started(), {
      // Six at once, and one more each second.
      requestsPerMinute: 60,
      limits: { timeout: 3_500 },
    });
    await clock.until(Promise.all(Array.from({ length: 6 }, (_, i) => ask(taskPath(`T${i}`)))));
    const all = Array.from({ length: 12 }, () => ask(tasks, { method: "POST" }));
    const answers = await clock.until(Promise.all(all));
    const done = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(done.length >= 2 && refused.length >= 6, `${done.length}, ${refused.length}`);
    assert.equal(done.length + refused.length, 12);
    await clock.pass(120_000);
    assert.equal(sent("POST").length, done.length);
  });

  test("each is one of its own", async (t) => {
    const { clock, ask, sent } = await open(t, started());
    const all = Array.from({ length: 5 }, () => ask(tasks, { method: "POST" }));
    const answers = await clock.until(Promise.all(all));
    const ids = answers.map(({ json }) => json.task.taskId);
    assert.deepEqual(ids.sort(), ["N1", "N2", "N3", "N4", "N5"]);
    assert.equal(sent("POST").length, 5);
  });

  test("Anaplan gets the body that it documents, in its order", async (t) => {
    const { send, log } = await open(t, started());
    const body = `{ "mappingParameters": [{"entityName":"Ä \\u0000","entityType":"V","importId":"112"}],
      "localeName": "en_GB" }`;
    assert.equal((await send("POST", tasks, { body })).status, 200);
    const expected = {
      localeName: "en_GB",
      mappingParameters: [{ entityType: "V", entityName: "Ä \u0000", importId: "112" }],
    };
    assert.equal(log[0].body, JSON.stringify(expected));
    for (const body of [
      ...["", "x", "null", "[]", "{}", '"en_US"', '{"localeName":7}', '{"localeName":""}'],
      ...['{"localeName":"en_US","extra":1}', '{"localeName":"a b"}', '{"localeName":"x\\r\\ny"}'],
      ...['{"localeName":"a","localeName":"b"}', '{"localeName":"en_US"} {}', "[".repeat(5_000)],
      ...['{"localeName":"en_US","mappingParameters":{}}', `{"localeName":"${"x".repeat(36)}"}`],
      ...['{"localeName":"en_US","mappingParameters":[{"entityType":"V","entityName":"x","y":1}]}'],
      ...["\ufeff{}", '{"localeName":"en_US","__proto__":{}}'],
    ]) {
      const { status, json, text } = await send("POST", tasks, { body });
      assert.deepEqual([status, json.status.code], [400, 400], body);
      assert.ok(text.length < 600);
    }
    assert.equal(log.length, 1);
  });

  for (const [what, failure, status] of [
    ["a failing network", () => Promise.reject(new TypeError("fetch failed")), 502],
    ["500", () => json(500, ""), 500],
    ["502", () => reply("<html>Bad Gateway</html>", { status: 502 }), 502],
    ["503", () => json(503, {}), 503],
    ["504", () => json(504, {}), 504],
    ["408", () => json(408, {}), 504],
    ["409", () => json(409, { status: { message: "busy" } }), 409],
    ["423", () => json(423, {}), 423],
    ["429", () => json(429, {}, { "Retry-After": "7" }), 429],
    ["a redirect", () => json(307, "", { Location: "https://elsewhere.example" }), 502],
    ["HTML", () => reply("<html>"), 502],
    ["nothing", () => reply(""), 502],
    ["no task", () => reply({ status: { code: 200 } }), 502],
    ["no answer", () => new Promise(() => {}), 504],
  ]) {
    test(`it is not sent again after ${what}`, async (t) => {
      const { clock, send, log } = await open(t, failure);
      const answer = await send("POST", tasks);
      assert.equal(answer.status, status, answer.text);
      await clock.pass(120_000);
      assert.equal(log.length, 1);
      assertSafe(answer);
    });
  }

  test("it is sent again after a 401 alone, and once", async (t) => {
    let tokens = 0;
    const auth = async () => `${token}${++tokens}`;
    const { send, log } = await open(t, (_, log) => (log.length === 1 ? json(401, "") : running), {
      auth,
    });
    assert.equal((await send("POST", tasks)).status, 200);
    assert.deepEqual(
      log.map(({ method, headers, body }) => [method, headers.authorization.at(-1), body]),
      [1, 2].map((n) => ["POST", `${n}`, '{"localeName":"en_US"}']),
    );
    t.mock.restoreAll();
    const never = await open(t, () => json(401, ""), { auth });
    assert.equal((await never.send("POST", tasks)).status, 409);
    assert.equal(never.log.length, 2);
  });
});

test("an answer that cannot change is kept for a minute", async (t) => {
  for (const final of ["COMPLETE", "CANCELLED"]) {
    const { clock, get, log } = await open(t, () => state(final));
    await get();
    for (let i = 0; i < 11; i++) {
      await clock.pass(5_000);
      assert.equal((await get()).json.task.taskState, final);
    }
    assert.equal(log.length, 1, final);
    await clock.pass(5_001);
    await get();
    assert.equal(log.length, 2, final);
    t.mock.restoreAll();
  }
  for (const open_ of ["NOT_STARTED", "IN_PROGRESS", "CANCELLING", "FAILED?", ""]) {
    const { clock, get, log } = await open(t, () => state(open_));
    await get();
    await clock.pass(5_001);
    await get();
    assert.equal(log.length, 2, open_);
    t.mock.restoreAll();
  }
});

describe("a token that Anaplan does not take", () => {
  test("is renewed once for all, and all are sent again", async (t) => {
    let given = 0;
    const good = () => `AnaplanAuthToken ${token}2`;
    const { clock, ask, log } = await open(
      t,
      ({ headers }) => later(100, headers.authorization === good() ? running : json(401, "")),
      { auth: () => later(300, `${token}${++given}`) },
    );
    const all = Array.from({ length: 40 }, (_, i) => ask(taskPath(`T${i}`)));
    all.push(ask(taskPath("T0"), { method: "DELETE" }), ask(tasks, { method: "POST" }));
    const answers = await clock.until(Promise.all(all));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(given, 2);
    assert.ok(log.length <= 84, `${log.length}`);
    for (const answer of answers) assertSafe(answer);
  });

  for (const [what, auth] of [
    ["a fixed one", token],
    ["one that is renewed", async () => token],
    ["by the login service", { basic: { user: "planner", password: "pass-word-123456" } }],
    ["none at all", undefined],
    ["one that cannot be had", () => Promise.reject(new Error(`no ${token}`))],
  ]) {
    test(`for good (${what}) is a 502, for a start a 409, in the gateway's words, and no 401`, async (t) => {
      const { get, send } = await open(
        t,
        () =>
          json(401, { status: { code: 401, message: "Wrong password for planner@example.com" } }),
        { auth },
      );
      for (const [answer, status] of [
        [await get(), 502],
        [await send("DELETE", taskPath()), 502],
        // After a 5xx a client would have to find out whether something was started.
        [await send("POST", tasks), 409],
      ]) {
        assert.equal(answer.status, status, answer.text);
        assert.equal(answer.json.status.code, status);
        assert.equal(/Nothing was started\.$/.test(answer.json.status.message), status === 409);
        assert.equal(answer.headers.get("www-authenticate"), null);
        assertSafe(answer);
        assert.doesNotMatch(answer.text, /pass-word|planner/);
      }
    });
  }
});

describe("while Anaplan wants nothing", () => {
  const limited = (after) => () =>
    json(429, {}, after === undefined ? {} : { "Retry-After": after });

  test("the gateway answers, with what is left to wait, and nothing is sent", async (t) => {
    let answer = () => running;
    const { clock, get, send, log } = await open(t, (entry) => answer(entry));
    await get(taskPath("KNOWN"));
    answer = limited("20");
    const first = await get();
    assert.deepEqual([first.status, first.headers.get("retry-after")], [429, "20"]);
    assert.equal(log.length, 2);
    answer = () => running;
    for (const [pass, left] of [
      [0, "20"],
      [4_000, "16"],
      [500, "16"],
      [15_000, "1"],
    ]) {
      await clock.pass(pass);
      for (const [method, path] of [
        ["GET", taskPath()],
        ["GET", taskPath("T2")],
        ["GET", tasks],
        ["POST", tasks],
        ["DELETE", taskPath()],
        ["GET", `${inModel}/files/116000000031/chunks/0`],
      ]) {
        const refused = await send(method, path);
        assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, left]);
        assert.equal(refused.json.status.code, 429);
        assertSafe(refused);
      }
      // What is known is no request.
      if (pass === 0) assert.equal((await get(taskPath("KNOWN"))).status, 200);
    }
    assert.equal(log.length, 2);
    await clock.pass(501);
    assert.equal((await get()).status, 200);
  });

  test("those who waited for their turn are answered at once", async (t) => {
    const { clock, ask, log } = await open(
      t,
      () => later(50, json(429, {}, { "Retry-After": "30" })),
      {
        // Six at once, and one more each eleven seconds or so.
        requestsPerMinute: 60,
        limits: { timeout: 100_000 },
      },
    );
    const began = clock.now();
    const all = Array.from({ length: 60 }, (_, i) => ask(taskPath(`T${i}`)));
    all.push(ask(tasks, { method: "POST" }), ask(taskPath(), { method: "DELETE" }));
    const answers = await clock.until(Promise.all(all));
    assert.ok(clock.now() - began < 1_000, `${clock.now() - began} ms`);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [429]);
    assert.deepEqual(
      [...new Set(answers.map(({ headers }) => headers.get("retry-after")))],
      ["30"],
    );
    assert.ok(log.length <= 6, `${log.length} were sent`);
  });

  test("those who wait for five seconds to pass are, too", async (t) => {
    const { clock, ask, get, send, log } = await open(t, ({ method, path }) =>
      path.endsWith("T2")
        ? json(429, {}, { "Retry-After": "60" })
        : method === "GET"
          ? running
          : state("X"),
    );
    await get();
    await send("DELETE", taskPath());
    const waiting = ask(taskPath());
    await clock.pass(1_000);
    await get(taskPath("T2"));
    const began = clock.now();
    assert.equal((await clock.until(waiting)).status, 429);
    assert.ok(clock.now() - began <= FLOOR);
    assert.equal(log.length, 3);
  });

  for (const [said, seconds] of [
    [undefined, "10"],
    ["0", "1"],
    ["0.5", "10"],
    ["7", "7"],
    ["soon", "10"],
    ["-5", "10"],
    ["999999999999999999999", "120"],
  ]) {
    test(`Retry-After: ${said} is ${seconds} s`, async (t) => {
      const { get } = await open(t, limited(said));
      const { status, headers } = await get();
      assert.deepEqual([status, headers.get("retry-after")], [429, seconds]);
    });
  }

  test("a start that was refused so is not sent later", async (t) => {
    const { clock, send, log } = await open(t, limited("5"));
    assert.equal((await send("POST", tasks)).status, 429);
    await clock.pass(60_000);
    assert.equal(log.length, 1);
  });
});

describe("what Anaplan answers", () => {
  const html = "<html><head><title>502</title></head><body>nginx</body></html>";
  for (const [what, answer, status, said] of [
    ["400", () => json(400, { status: { message: "Bad sort" } }), 400, /Bad sort/],
    ["403", () => json(403, ""), 403, /./],
    [
      "404",
      () => json(404, { status: { code: 404, message: "No such task" } }),
      404,
      /No such task/,
    ],
    ["405", () => json(405, ""), 502, /./],
    ["408", () => json(408, ""), 504, /./],
    ["409", () => json(409, { message: "Model busy" }), 409, /Model busy/],
    ["410", () => json(410, ""), 410, /./],
    ["415", () => json(415, ""), 502, /./],
    ["422", () => json(422, ""), 422, /./],
    ["423", () => json(423, { error: "locked" }), 423, /locked/],
    ["424", () => json(424, ""), 424, /./],
    ["500", () => json(500, "boom"), 500, /./],
    ["502 as HTML", () => reply(html, { status: 502 }), 502, /./],
    ["503", () => json(503, ""), 503, /./],
    ["504", () => json(504, ""), 504, /./],
    ["304", () => json(304, ""), 502, /./],
    ["301", () => json(301, "", { Location: "https://elsewhere.example" }), 502, /./],
    ["a redirect that is hidden", () => ({ ...json(0, ""), type: "opaqueredirect" }), 502, /./],
    ["status 0", () => json(0, ""), 502, /./],
    ["status 999", () => json(999, ""), 502, /./],
    ["status 101", () => json(101, ""), 502, /./],
    ["204", () => json(204, ""), 502, /not Anaplan/],
    ["nothing", () => reply(""), 502, /not Anaplan/],
    ["HTML", () => reply("<html>Sign in</html>"), 502, /not Anaplan/],
    ["a list", () => reply("[]"), 502, /./],
    ["an object that is no task", () => reply({}), 502, /./],
    ["half of one", () => reply('{"task":{"taskId":"T1"'), 502, /./],
    [
      "a failing network",
      () => Promise.reject(new TypeError("getaddrinfo ENOTFOUND")),
      502,
      /reached/,
    ],
    ["a fetch that throws", () => assert.fail("thrown"), 502, /reached/],
    [
      "a body that breaks",
      () => ({ ...reply(""), text: () => Promise.reject(new Error("x")) }),
      502,
      /./,
    ],
    ["no body in time", () => ({ ...reply(""), text: () => new Promise(() => {}) }), 504, /./],
    ["nobody in time", () => new Promise(() => {}), 504, /in time/],
  ]) {
    test(`${what} becomes ${status}, and is said`, async (t) => {
      const { get } = await open(t, answer);
      const answered = await get();
      assert.equal(answered.status, status, answered.text);
      assert.deepEqual(Object.keys(answered.json), ["status"]);
      assert.equal(answered.json.status.code, status);
      assert.match(answered.json.status.message, said);
      assert.doesNotMatch(answered.json.status.message, /<|fault of the gateway/i);
      assert.equal(answered.headers.get("location"), null);
      assertSafe(answered);
    });
  }

  test("of its headers and of fields that are not known, nothing gets through", async (t) => {
    const headers = {
      "Set-Cookie": "hidden=1",
      "X-Hidden": "hidden",
      Server: "hidden",
      "Content-Type": "text/html; hidden",
      "Cache-Control": "public, hidden",
      "Content-Encoding": "hidden",
      "Access-Control-Allow-Origin": "*",
      Location: "https://hidden.example",
      Link: "<https://hidden.example>; rel=preload",
      "Retry-After": "77",
      ETag: '"hidden"',
      "WWW-Authenticate": "Basic realm=hidden",
    };
    const hidden = { hidden: "hidden", cancelledBy: "hidden@example.com", x: { y: ["hidden"] } };
    const answers = {
      [taskPath()]: {
        ...hidden,
        task: {
          taskId: "T1",
          taskState: "COMPLETE",
          ...hidden,
          result: {
            successful: true,
            ...hidden,
            details: [{ type: "a", values: [], ...hidden }],
            nestedResults: [{ successful: true, ...hidden }],
          },
        },
      },
      [tasks]: {
        ...hidden,
        meta: { ...hidden, paging: { totalSize: 1, next: "hidden", ...hidden } },
        tasks: [{ taskId: "T1", taskState: "COMPLETE", creationTime: 1, ...hidden }],
      },
      [`${inModel}/files/116000000031/chunks`]: {
        ...hidden,
        chunks: [{ id: "0", name: "Chunk 0", ...hidden }],
      },
    };
    const { get, send } = await open(t, ({ method, path }) =>
      json(
        200,
        method === "POST" ? { ...hidden, task: { taskId: "T1", ...hidden } } : answers[path],
        headers,
      ),
    );
    const known = [
      "access-control-allow-origin",
      "cache-control",
      "content-security-policy",
      "content-type",
      "cross-origin-resource-policy",
      "vary",
      "x-content-type-options",
    ].slice(1);
    const check = (answer) => {
      assert.equal(answer.status, 200);
      assert.deepEqual([...answer.headers.keys()].sort(), known);
      assert.doesNotMatch([...answer.headers].join() + answer.text, /hidden/);
    };
    for (const path of Object.keys(answers)) check(await get(path));
    check(await send("POST", tasks));
    check(await send("DELETE", taskPath()));
  });

  test("lists of tasks and chunks keep what the client reads", async (t) => {
    const rows = [
      { taskId: "A", taskState: "COMPLETE", creationTime: 1780000000000 },
      { taskId: "B", taskState: "IN_PROGRESS" },
    ];
    const paging = { currentPageSize: 2, offset: 0, totalSize: 2 };
    const { get } = await open(t, ({ path }) =>
      path.endsWith("chunks")
        ? { chunks: [{ id: "0", name: "Chunk 0" }] }
        : { meta: { paging }, tasks: rows },
    );
    const { json } = await get(tasks);
    assert.deepEqual(json, {
      meta: { paging },
      status: { code: 200, message: "Success" },
      tasks: rows,
    });
    const chunks = (await get(`${inModel}/files/116000000031/chunks`)).json;
    assert.deepEqual(chunks.chunks, [{ id: "0", name: "Chunk 0" }]);
  });

  test("a task's result survives, with all that it says", async (t) => {
    const result = {
      successful: false,
      objectId: "118000000001",
      objectName: "Process Ü",
      failureDumpAvailable: true,
      details: [
        {
          localMessageText: "3 rows “failed” \u0000 </script>",
          occurrences: 3,
          type: "hierarchyRowsProcessedWithOverallCount",
          values: ["count", "3", "name", null, "odd", ""],
        },
      ],
      nestedResults: [
        { successful: true, objectId: "112000000001", failureDumpAvailable: false },
        { successful: false, objectId: "112000000002", details: [{ type: "x", values: [] }] },
      ],
    };
    const task = {
      taskId: "T1",
      taskState: "COMPLETE",
      currentStep: "Failed.",
      progress: 1,
      creationTime: 1780000000000,
      result,
    };
    const { get } = await open(t, () => ({ task }));
    assert.deepEqual((await get()).json, { status: { code: 200, message: "Success" }, task });
  });

  test("whatever Anaplan answers, the client reads it as it would have there", async (t) => {
    const { connect } = await import("../../pkg/index.js");
    await connect();
    const names = Object.keys(fixtures);
    const { clock, ask } = await open(t, ({ path }) => fixtures[path.split("/").at(-1)].answer);
    const ref = { workspaceId: "W", modelId: "M", exportId: "E" };
    const through = async (url) => {
      const { status, text } = await ask(taskPath(url.split("/").at(-1)));
      return reply(text, { status });
    };
    const anaplan = await connect({
      baseUrl: "https://gate.example/anaplan",
      fetch: through,
      requestsPerMinute: 1e6,
    });
    for (const name of names) {
      const {
        observedAt,
        ref: _,
        ...status
      } = await clock.until(anaplan.task({ ...ref, taskId: name }).status());
      assert.ok(observedAt);
      assert.deepEqual(status, fixtures[name].status, name);
    }
  });

  const disguises = {
    plain: token,
    "in a sentence": `Authorization: AnaplanAuthToken ${token} is not accepted`,
    "in another case": token.toUpperCase(),
    encoded: encodeURIComponent(token),
    "spread out": [...token].join(" "),
    "as entities": [...token].map((c) => `&#${c.charCodeAt(0)};`).join(""),
  };
  for (const [how, text] of Object.entries(disguises)) {
    test(`a token that it repeats (${how}) is taken out`, async (t) => {
      for (const answer of [
        () => ({ task: { taskId: "T1", taskState: "IN_PROGRESS", currentStep: text } }),
        () => ({
          task: {
            taskId: text,
            taskState: text,
            result: {
              objectName: text,
              details: [{ localMessageText: text, type: text, values: [text, text] }],
            },
          },
        }),
        () => json(404, { status: { message: text } }),
        () => json(500, text),
        () => json(400, `<html><b>${text}</b></html>`),
        () => Promise.reject(new TypeError(text)),
        () => reply(`<html>${text}</html>`),
        () => json(429, { message: text }, { "Retry-After": text }),
      ]) {
        const { get, send } = await open(t, answer);
        for (const got of [
          await get(),
          await get(tasks),
          await send("DELETE", taskPath()),
          await send("POST", tasks),
        ]) {
          assertSafe(got);
          assert.doesNotMatch(got.text, /&#118;&#69;/);
        }
        t.mock.restoreAll();
      }
      const everywhere = { allow: { ...allow, actions: "*" } };
      const rows = [{ id: "1", name: text, [text]: text, taskId: text, deep: [{ [text]: text }] }];
      const { get } = await open(
        t,
        ({ path }) => ({
          exports: rows,
          tasks: rows,
          chunks: rows,
          exportMetadata: rows[0],
          meta: { paging: { [text]: text } },
          path,
        }),
        everywhere,
      );
      for (const path of [`${inModel}/exports`, inExport, tasks, `${inModel}/files/1/chunks`]) {
        const got = await get(path);
        assert.equal(got.status, 200);
        assertNoSecret(got.text);
      }
    });
  }
});
