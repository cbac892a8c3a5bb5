// One budget for all requests of a client, in driven time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { closest, failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

await connect();

const inProgress = () => task("IN_PROGRESS");
const tasksOf = (anaplan, count, prefix = "T") =>
  Array.from({ length: count }, (_, i) => anaplan.task(ref(`${prefix}${i}`)));
const ids = (log) => log.map((entry) => entry.task);

/** The most requests within any minute. */
function busiest(log) {
  let from = 0;
  let most = 0;
  for (const [to, { at }] of log.entries()) {
    while (log[from].at <= at - 60_000) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

test("thirty go at once, and the rest evenly, first come first served", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, inProgress);
  const anaplan = await connect({ fetch });
  const began = clock.now();
  const calls = Promise.all(tasksOf(anaplan, 300).map((one) => one.status()));
  await clock.settle();
  assert.equal(log.length, 30);
  await clock.until(calls);
  assert.deepEqual(
    ids(log),
    Array.from({ length: 300 }, (_, i) => `T${i}`),
  );
  const gaps = log.slice(31).map(({ at }, i) => at - log[30 + i].at);
  // 271 in a minute, to the millisecond that timers know.
  assert.ok(Math.min(...gaps) >= 220 && Math.max(...gaps) <= 224, `${Math.min(...gaps)}`);
  assert.ok(log.at(-1).at - began <= 60_000);
  assert.equal(clock.timers(), 0);
});

test("within any minute no more go than were asked for, whatever comes", async (t) => {
  const clock = driveTime(t);
  for (const requestsPerMinute of [1, 2, 7, 60, 300, 600]) {
    const { fetch, log } = memoryServer(clock, ({ method }, { length }) => {
      if (method === "DELETE") return reply("", { status: length % 3 ? 204 : 503 });
      return length % 7 ? task("IN_PROGRESS") : reply("", { status: 502 });
    });
    const anaplan = await connect({ fetch, requestsPerMinute, auth: async () => "token" });
    const calls = [];
    const many = Math.ceil(requestsPerMinute * 2.5);
    // A burst, a long rest that fills the bucket, another burst, and some that come one by one.
    for (const [i, one] of tasksOf(anaplan, many).entries()) {
      const call = i % 5 ? one.status() : one.cancel();
      calls.push(call.catch((error) => error));
      if (i === Math.floor(many / 3)) await clock.pass(200_000);
      if (i > many * 0.8) await clock.pass(70);
    }
    await clock.until(Promise.all(calls));
    assert.ok(log.length >= many * 0.8, `${log.length} requests`);
    assert.ok(busiest(log) <= requestsPerMinute, `${busiest(log)} of ${requestsPerMinute}`);
  }
});

test("a cancel overtakes the statuses that wait, and a renewal those, too", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, ({ method, path }) => {
    if (path.startsWith("/token")) {
      const expiresAt = Date.now() + 2_100_000;
      return { tokenInfo: { tokenValue: `token${expiresAt}`, expiresAt } };
    }
    return method === "DELETE" ? task("CANCELLING") : task("IN_PROGRESS");
  });
  const auth = { basic: { user: "me", password: "pa55word" } };
  const anaplan = await connect({ fetch, auth, requestsPerMinute: 20 });
  const first = tasksOf(anaplan, 10).map((one) => one.status());
  await clock.settle();
  // One for the token, one for a status.
  assert.deepEqual(ids(log), ["authenticate", "T0"]);
  const later = [anaplan.task(ref("late")).status(), anaplan.task(ref("T5")).cancel()];
  await clock.until(later[1]);
  assert.deepEqual(
    log.map(({ method, task }) => `${method} ${task}`),
    ["POST authenticate", "GET T0", "DELETE T5"],
  );
  await clock.until(Promise.all([...first, ...later]));
  assert.equal(log.at(-1).task, "late");
  // Old by now: the next call waits for a token, and that for nobody who came before it.
  await clock.pass(1_700_000);
  log.length = 0;
  const calls = tasksOf(anaplan, 6, "U").map((one) => one.status());
  await clock.until(Promise.all(calls));
  assert.deepEqual(ids(log), ["refresh", "U0", "U1", "U2", "U3", "U4", "U5"]);
});

test("a token that grows old while others wait is renewed before them, and serves them", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, ({ path }) => {
    if (!path.startsWith("/token")) return task("IN_PROGRESS");
    const expiresAt = Date.now() + 600_000;
    return { tokenInfo: { tokenValue: `token${expiresAt}`, expiresAt } };
  });
  const auth = { basic: { user: "me", password: "pa55word" } };
  const anaplan = await connect({ fetch, auth, requestsPerMinute: 2 });
  const calls = tasksOf(anaplan, 25).map((one) => one.status());
  await clock.pass(490_000);
  // Eight minutes are over: whoever comes now wants a new one, and would wait for all others.
  const before = log.length;
  calls.push(anaplan.task(ref("late")).status());
  await clock.until(Promise.all(calls));
  const after = log.slice(before);
  assert.deepEqual(ids(after), ["refresh", ...ids(after).slice(1, -1), "late"]);
  assert.ok(after.length > 5);
  const tokens = new Set(after.slice(1).map(({ headers }) => headers.Authorization));
  assert.deepEqual([tokens.size, tokens.has(log[0].headers.Authorization)], [1, false]);
  assert.notEqual(log[1].headers.Authorization, after[1].headers.Authorization);
  assert.ok(busiest(log) <= 2);
});

/** `Retry-After`, by what is sent, and how long nothing follows. */
const pauses = {
  seconds: ["4", 4_000],
  zero: ["0", 0],
  "a date": [(now) => new Date(now + 7_000).toUTCString(), 7_000],
  "a date that is over": [(now) => new Date(now - 7_000).toUTCString(), 0],
  "less than nothing": ["-5", 10_000],
  "a fraction": ["1.5", 10_000],
  nonsense: ["soon", 10_000],
  "an absurd time": ["999999999999999999999", 120_000],
  "a date in a century": ["Fri, 01 Jan 2126 00:00:00 GMT", 120_000],
  nothing: [undefined, 10_000],
  "an empty text": ["", 10_000],
};

for (const [name, [header, length]] of Object.entries(pauses)) {
  test(`a 429 pauses the whole client: Retry-After is ${name}`, async (t) => {
    const clock = driveTime(t);
    // Dates know whole seconds only.
    await clock.pass(1_000 - (Date.now() % 1_000));
    let limited = 1;
    const { fetch, log } = memoryServer(clock, () => {
      if (!limited--) limited = 0;
      else {
        const value = typeof header === "function" ? header(Date.now()) : header;
        const headers = value === undefined ? {} : { "Retry-After": value };
        return reply("", { status: 429, headers });
      }
      return task("IN_PROGRESS");
    });
    const events = [];
    const onEvent = (event) => events.push({ ...event, at: clock.now() });
    const anaplan = await connect({ fetch, requestsPerMinute: 60, onEvent });
    // Six at once; they come back limited or not, and the seventh waits as all after it do.
    const calls = tasksOf(anaplan, 12).map((one) => one.status());
    await clock.settle();
    assert.equal(log.length, 6);
    const paused = log[0].at;
    await clock.until(Promise.all(calls));

    const after = log.slice(6);
    // The bucket is empty then, too.
    const rest = after[0].at - paused - length;
    assert.ok(rest >= 0 && rest <= 1_100, `${rest} ms after the pause`);
    // Those who waited keep their order; who was refused comes again, later.
    assert.deepEqual(ids(after).slice(0, 4), ["T6", "T7", "T8", "T9"]);
    assert.equal(log.filter((entry) => entry.task === "T0").length, 2);
    assert.equal(log.length, 13);
    assert.ok(closest(log) >= 5_000);
    // One by one, not as a burst.
    const gaps = after.slice(1).map(({ at }, i) => at - after[i].at);
    assert.ok(Math.min(...gaps) >= 1_000, `${gaps}`);
    assert.deepEqual(
      events.filter(({ type }) => ["rateLimit", "pause", "resume"].includes(type)),
      [
        { type: "rateLimit", delay: length, at: paused },
        { type: "pause", reason: "rateLimit", duration: length, at: paused },
        { type: "resume", reason: "rateLimit", at: after[0].at },
      ],
    );
  });
}

test("a date is read by the server's clock, where that is far from ours", async (t) => {
  const clock = driveTime(t);
  const theirs = (now) => now - 3_600_000;
  const { fetch, log } = memoryServer(clock, (entry, { length }) => {
    if (length > 1) return task("IN_PROGRESS");
    const date = (ms) => new Date(theirs(Date.now()) + ms).toUTCString();
    return reply("", { status: 429, headers: { "Retry-After": date(9_000), Date: date(0) } });
  });
  const anaplan = await connect({ fetch });
  await clock.until(anaplan.task(ref()).status());
  const gap = log[1].at - log[0].at;
  assert.ok(gap >= 14_000 && gap <= 15_000, `${gap}`);
});

test("several 429 pause for as long as the longest says, and tell it once", async (t) => {
  const clock = driveTime(t);
  const waits = ["3", "20", "5"];
  const { fetch, log } = memoryServer(clock, () => {
    if (!waits.length) return task("IN_PROGRESS");
    return reply("", { status: 429, headers: { "Retry-After": waits.shift() } });
  });
  const events = [];
  const anaplan = await connect({ fetch, onEvent: ({ type }) => events.push(type) });
  const calls = tasksOf(anaplan, 40).map((one) => one.status());
  await clock.until(Promise.all(calls));
  assert.equal(log.length, 43);
  const rest = log[30].at - log[0].at - 20_000;
  assert.ok(rest >= 0 && rest < 250, `${rest} ms after the pause`);
  assert.equal(events.filter((type) => type === "rateLimit").length, 3);
  assert.equal(events.filter((type) => type === "pause").length, 1);
  assert.equal(events.filter((type) => type === "resume").length, 1);
});

test("a cancel and a renewal wait for the end of a pause, too", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, ({ method }, { length }) => {
    if (length === 1) return reply("", { status: 429, headers: { "Retry-After": "30" } });
    return method === "DELETE" ? task("CANCELLING") : task("IN_PROGRESS");
  });
  const anaplan = await connect({ fetch });
  const status = anaplan.task(ref("a")).status();
  await clock.settle();
  const others = tasksOf(anaplan, 3, "b").map((one) => one.status());
  const cancel = anaplan.task(ref("c")).cancel();
  await clock.pass(29_900);
  assert.equal(log.length, 1);
  await clock.until(Promise.all([status, cancel, ...others]));
  assert.deepEqual(ids(log), ["a", "c", "b0", "b1", "b2", "a"]);
});

test("a server that says 429 for ever ends a call after its attempts", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, () =>
    reply("", { status: 429, headers: { "Retry-After": "1" } }),
  );
  const anaplan = await connect({ fetch, attempts: 3 });
  const error = await clock.until(failure(anaplan.task(ref()).status()));
  assert.equal(error.code, "RATE_LIMITED");
  assert.equal(error.status, 429);
  assert.equal(log.length, 3);
  assert.equal(clock.timers(), 0);
});

test("sixty watched tasks share a small budget evenly, and a cancel gets through", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, ({ method }) =>
    method === "DELETE" ? reply("", { status: 204 }) : task("IN_PROGRESS"),
  );
  const anaplan = await connect({ fetch, requestsPerMinute: 30 });
  const controller = new AbortController();
  const { signal } = controller;
  const watching = tasksOf(anaplan, 60).map(async (one) => {
    for await (const _ of one.watch({ signal, maxInterval: 5_000 }));
  });
  const done = Promise.allSettled(watching);
  await clock.pass(3_600_000);
  assert.ok(busiest(log) <= 30);
  // All of it is used: two minutes a round, so about thirty rounds in an hour.
  assert.ok(log.length > 28 * 59, `${log.length} requests`);
  const counts = new Map();
  for (const entry of log) counts.set(entry.task, (counts.get(entry.task) ?? 0) + 1);
  const each = [...counts.values()];
  assert.equal(each.length, 60);
  assert.ok(
    Math.max(...each) - Math.min(...each) <= 1,
    `${Math.min(...each)}..${Math.max(...each)}`,
  );

  const began = clock.now();
  const cancel = anaplan.task(ref("T7")).cancel();
  await clock.until(cancel);
  // The next one that goes, however many wait.
  assert.ok(clock.now() - began <= 2_500, `${clock.now() - began}`);
  controller.abort();
  await clock.until(done);
  assert.equal(clock.timers(), 0);
});

test("who leaves the queue takes nobody's turn, and a queue that all left keeps no timer", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, inProgress);
  const anaplan = await connect({ fetch, requestsPerMinute: 10 });
  const controller = new AbortController();
  const kept = [];
  const gone = tasksOf(anaplan, 20).map((one, i) => {
    if (i % 4 === 0) kept.push(one.status());
    const { signal } = i % 4 ? controller : new AbortController();
    return one.status({ signal }).catch((reason) => reason);
  });
  await clock.settle();
  controller.abort("gone");
  const began = clock.now();
  await clock.until(Promise.all(kept));
  await Promise.all(gone);
  assert.deepEqual(ids(log), ["T0", "T4", "T8", "T12", "T16"]);
  // Four more at ten in a minute.
  assert.ok(clock.now() - began <= 4 * 6_010, `${clock.now() - began}`);

  const another = new AbortController();
  const rest = tasksOf(anaplan, 20, "U").map((one) =>
    one.status({ signal: another.signal }).catch((reason) => reason),
  );
  await clock.settle();
  another.abort("all");
  assert.deepEqual(await Promise.all(rest), Array(20).fill("all"));
  await clock.settle();
  assert.equal(clock.timers(), 0);
  assert.equal(log.length, 5);
});
