// What a client tells of its work: everything, in order, and no secret. In driven time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

await connect();

const path = "/workspaces/W/models/M/exports/E/tasks/T";
const about = { method: "GET", path, ref: ref() };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const minute = 60_000;

/** A server that answers with each of these after 40 ms, and the last for ever. */
function scripted(clock, ...answers) {
  return memoryServer(clock, async () => {
    await sleep(40);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return typeof answer === "function" ? answer() : answer;
  });
}

/** Without what differs from run to run. */
const plain = ({ message, ...event }) =>
  message === undefined ? event : { ...event, message: "" };

test("each request and answer, in order, with its attempt and how long it took", async (t) => {
  const clock = driveTime(t);
  t.mock.method(Math, "random", () => 0.5);
  const { fetch } = scripted(
    clock,
    reply("<title>Oh no", { status: 503 }),
    () => {
      throw new TypeError("fetch failed");
    },
    reply('{"task":'),
    task("IN_PROGRESS"),
    reply("", { status: 404 }),
    task("CANCELLED"),
  );
  const events = [];
  const anaplan = await connect({ fetch, onEvent: (event) => events.push(event) });
  await clock.until(anaplan.task(ref()).outcome());
  const request = (attempt) => ({ type: "request", ...about, attempt });
  const answer = (attempt, status) => ({ type: "answer", ...about, attempt, status, duration: 40 });
  const retry = (attempt, delay, code, status) => {
    const failure = { code, message: "", ...(status && { status }) };
    return { type: "retry", ...about, attempt, delay, ...failure };
  };
  assert.deepEqual(events.map(plain), [
    request(1),
    answer(1, 503),
    retry(1, 5_500, "SERVER", 503),
    request(2),
    retry(2, 6_000, "NETWORK"),
    request(3),
    answer(3, 200),
    retry(3, 7_000, "PROTOCOL", 200),
    request(4),
    answer(4, 200),
    request(1),
    answer(1, 404),
    retry(1, 5_500, "NOT_FOUND", 404),
    request(2),
    answer(2, 200),
  ]);
  assert.match(events[2].message, /^the server answered 503: "Oh no"/);
  assert.match(events[4].message, /^no answer from .*fetch failed/);
});

test("a call that is given up tells of no retry after its last attempt", async (t) => {
  const clock = driveTime(t);
  for (const method of ["status", "cancel", "outcome"]) {
    const { fetch, log } = scripted(clock, reply("", { status: 503 }));
    const events = [];
    const onEvent = ({ type, attempt }) => events.push(`${type} ${attempt}`);
    const anaplan = await connect({ fetch, attempts: 3, onEvent });
    await clock.until(failure(anaplan.task(ref())[method]()));
    assert.equal(log.length, 3);
    const expected = [1, 2, 3].flatMap((n) => [`request ${n}`, `answer ${n}`, `retry ${n}`]);
    assert.deepEqual(events, expected.slice(0, -1), method);
  }
});

test("of several who wait for one question, one tells of it", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = scripted(clock, reply("", { status: 503 }), task("CANCELLED"));
  const events = [];
  const anaplan = await connect({ fetch, onEvent: ({ type }) => events.push(type) });
  const one = anaplan.task(ref());
  await clock.until(Promise.all([one.outcome(), one.outcome(), one.status(), one.status()]));
  assert.equal(log.length, 2);
  assert.deepEqual(events, ["request", "answer", "retry", "request", "answer"]);
});

test("tokens: why, how long it took, and why there was none", async (t) => {
  const clock = driveTime(t);
  const { fetch } = scripted(
    clock,
    reply("", { status: 401 }),
    task("IN_PROGRESS"),
    task("IN_PROGRESS"),
    task("CANCELLED"),
  );
  let asked = 0;
  const auth = async () => {
    await sleep(300);
    if (++asked === 3) throw new Error("vault down");
    return { token: `s3cret${asked}`, expiresAt: Date.now() + 10 * minute };
  };
  const events = [];
  const anaplan = await connect({ fetch, auth, onEvent: (event) => events.push(event) });
  await clock.until(anaplan.task(ref()).status());
  await clock.pass(8 * minute);
  await clock.until(anaplan.task(ref()).status());
  await clock.pass(minute);
  await clock.until(anaplan.task(ref()).status());
  const renewals = events.filter(({ type }) => type === "renewal");
  const renewal = (reason, more) => ({ type: "renewal", reason, duration: 300, ...more });
  assert.deepEqual(renewals.map(plain), [
    renewal("first"),
    renewal("rejected"),
    renewal("expiring", { code: "UNAUTHORIZED", message: "" }),
    renewal("expiring"),
  ]);
  assert.equal(events[0].type, "renewal");
  assert.doesNotMatch(JSON.stringify(events), /s3cret/);
});

test("no event holds a token, a password or a URL with more than a path", async (t) => {
  const clock = driveTime(t);
  const hostile = ({ headers }) => {
    const sent = headers.Authorization;
    const [kind, value] = sent.split(" ");
    const told = kind === "Basic" ? `${sent} ${atob(value)}` : sent;
    return [
      reply({ status: { message: told } }, { status: 503 }),
      reply(`<h1>${told}`, { status: 500 }),
      reply(`{"task": ${told}`),
      reply(told, { status: 429, headers: { "Retry-After": "1" } }),
      Promise.reject(new Error(told, { cause: new Error(told) })),
      reply("", { status: 302, headers: { Location: told } }),
    ];
  };
  let count = 0;
  const { fetch, log } = memoryServer(clock, (entry) => {
    const isLogin = entry.path.endsWith("authenticate");
    if (isLogin && count > 5) return { tokenInfo: { tokenValue: "c3NzM2NyZXQ=" } };
    const answers = hostile(entry);
    for (const answer of answers) if (answer instanceof Promise) answer.catch(() => {});
    return answers[count++ % answers.length];
  });
  const events = [];
  const auth = { basic: { user: "me@example.com", password: "pa55w0rd!" } };
  const anaplan = await connect({ fetch, auth, onEvent: (event) => events.push(event) });
  for (let i = 0; i < 12; i++) {
    await clock.until(failure(anaplan.task(ref()).cancel()).catch(() => {}));
    await clock.until(
      anaplan
        .task(ref())
        .outcome()
        .catch(() => {}),
    );
  }
  assert.ok(log.length > 30 && events.length > 60, `${log.length}, ${events.length}`);
  const text = JSON.stringify(events);
  for (const secret of ["pa55w0rd", btoa("me@example.com:pa55w0rd!"), "c3NzM2NyZXQ="]) {
    assert.ok(!text.includes(secret), secret);
  }
  for (const event of events) if (event.path) assert.match(event.path, /^\/[A-Za-z0-9/]+$/);
});

/** A run that meets every kind of event but those of a page. */
async function everything(clock, onEvent, inside = {}) {
  const { fetch, log } = scripted(
    clock,
    reply("", { status: 503 }),
    reply("", { status: 401 }),
    reply("", { status: 429 }),
    task("IN_PROGRESS"),
    task("CANCELLED"),
  );
  const auth = async () => `token${Math.random()}`;
  const anaplan = await connect({ fetch, auth, onEvent: (event) => onEvent(event) });
  Object.assign(inside, { anaplan, log });
  const outcome = anaplan.task(ref()).outcome({ signal: inside.signal });
  return clock.until(outcome.catch((error) => error));
}

const kinds = ["renewal", "request", "answer", "retry", "rateLimit", "pause", "resume"];

test("a listener that throws, or changes what it is given, does no harm", async (t) => {
  const clock = driveTime(t);
  const seen = new Set();
  const status = await everything(clock, (event) => {
    seen.add(event.type);
    for (const key of Object.keys(event)) delete event[key];
    throw new Error("mine");
  });
  assert.equal(status.phase, "cancelled");
  assert.deepEqual([...seen].sort(), [...kinds].sort());
});

test("a listener whose promise rejects does no harm", async (t) => {
  const clock = driveTime(t);
  // Node ends over a rejection that nobody hears, and the test with it.
  const status = await everything(clock, async () => {
    throw new Error("mine");
  });
  assert.equal(status.phase, "cancelled");
});

for (const kind of kinds) {
  test(`a listener may close the client at a ${kind}`, async (t) => {
    const clock = driveTime(t);
    const inside = {};
    let closedAt;
    const reason = await everything(
      clock,
      ({ type }) => {
        if (type !== kind || closedAt !== undefined) return;
        inside.anaplan.close();
        closedAt = inside.log.length;
      },
      inside,
    );
    assert.equal(reason.name, "AbortError");
    await clock.pass(minute);
    // At the event of a request it is on its way already.
    assert.ok(inside.log.length <= closedAt + (kind === "request" ? 1 : 0));
    assert.equal(clock.timers(), 0);
  });

  test(`a listener may give its call up at a ${kind}`, async (t) => {
    const clock = driveTime(t);
    const controller = new AbortController();
    const inside = { signal: controller.signal };
    let abortedAt;
    const reason = await everything(
      clock,
      ({ type }) => {
        if (type !== kind || abortedAt !== undefined) return;
        controller.abort("mine");
        abortedAt = inside.log.length;
      },
      inside,
    );
    assert.equal(reason, "mine");
    await clock.pass(minute);
    assert.ok(inside.log.length <= abortedAt + (kind === "request" ? 1 : 0));
    assert.equal(clock.timers(), 0);
  });

  test(`a listener may use the client at a ${kind}`, async (t) => {
    const clock = driveTime(t);
    const inside = {};
    const calls = [];
    const status = await everything(
      clock,
      ({ type }) => {
        if (type !== kind || calls.length) return;
        const { anaplan } = inside;
        const controller = new AbortController();
        const { signal } = controller;
        const iterator = anaplan.watchAll([ref(), ref("U")])[Symbol.asyncIterator]();
        calls.push(
          anaplan.task(ref()).status(),
          anaplan.task(ref()).cancel(),
          anaplan.task(ref("other")).outcome(),
          failure(anaplan.task(ref()).outcome({ signal, onAbort: "cancel" })),
          iterator.next().then(() => iterator.return()),
        );
        anaplan
          .task(ref())
          .watch()
          .subscribe(() => {})();
        controller.abort("mine");
      },
      inside,
    );
    assert.equal(status.phase, "cancelled");
    const results = await clock.until(Promise.all(calls));
    assert.equal(results.length, 5);
    assert.equal(results[3], "mine");
    await clock.pass(minute);
    assert.equal(clock.timers(), 0);
  });
}
