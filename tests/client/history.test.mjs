// What a client learns of how long runs take, over stores of every kind. In driven time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { closest, failure, memoryServer, model, ref, reply, task } from "../support/memory.mjs";

await connect();

const minute = 60_000;
const action = "/workspaces/W/models/M/exports/E";

/** A server whose tasks run for `length` from when they are first asked for. */
function running(clock, length, { end = "COMPLETE", successful = true, creation = true } = {}) {
  const began = new Map();
  const server = memoryServer(clock, (entry) => {
    if (!began.has(entry.url)) began.set(entry.url, Date.now());
    const age = Date.now() - began.get(entry.url);
    const isOver = age >= length;
    return task(isOver ? end : "IN_PROGRESS", {
      ...(creation && { creationTime: began.get(entry.url) }),
      ...(isOver && { result: { successful } }),
    });
  });
  return server;
}

/** A store in memory, and what was asked of it. */
function store(known = {}) {
  const calls = [];
  return {
    calls,
    known,
    load(name) {
      calls.push(["load", name]);
      return known[name] ?? [];
    },
    async save(name, durations) {
      calls.push(["save", name]);
      known[name] = durations;
    },
  };
}

/** Follows a task to its end; gives its statuses and how many questions that took. */
async function follow(clock, options, id = "T", length = 10 * minute) {
  const { fetch, log } = running(clock, length);
  const anaplan = await connect({ fetch, ...options });
  const statuses = [];
  const run = async () => {
    for await (const status of anaplan.task(ref(id)).watch()) statuses.push(status);
  };
  const began = clock.now();
  await clock.until(run());
  assert.ok(closest(log) >= 5_000);
  const late = clock.now() - began - length;
  return { statuses, questions: log.length, late, anaplan };
}

test("a success that was seen running is remembered, newest last, for its action", async (t) => {
  const clock = driveTime(t);
  const history = store({ [action]: [1_000, 2_000] });
  const { statuses, late } = await follow(clock, { history });
  assert.deepEqual(history.calls, [
    ["load", action],
    ["save", action],
  ]);
  const [first, second, learned, ...rest] = history.known[action];
  assert.deepEqual([first, second, rest.length], [1_000, 2_000, 0]);
  // Between the last two answers, the first of which saw it running.
  const [before, last] = statuses.slice(-2).map(({ observedAt }) => observedAt);
  const length = 10 * minute + late;
  assert.ok(learned < length && learned > length - (last - before), `${learned} of ${length}`);
});

test("many runs: each is added, and no more than twenty are kept", async (t) => {
  const clock = driveTime(t);
  const history = store();
  const { fetch } = running(clock, 30_000);
  const anaplan = await connect({ fetch, history });
  for (let i = 0; i < 25; i++) {
    await clock.until(anaplan.task(ref(`T${i}`)).outcome());
    assert.equal(history.known[action].length, Math.min(i + 1, 20));
  }
  assert.equal(history.calls.filter(([what]) => what === "load").length, 1);
  for (const duration of history.known[action]) {
    assert.ok(duration > 20_000 && duration < 40_000, `${duration}`);
  }
  // Another action has a memory of its own.
  const other = anaplan.task({ ...model, exportId: "F", taskId: "T" });
  await clock.until(other.outcome());
  assert.equal(history.known["/workspaces/W/models/M/exports/F"].length, 1);
  assert.equal(history.known[action].length, 20);
});

test("what says nothing of a run's length is not remembered", async (t) => {
  const clock = driveTime(t);
  const saves = async (server, ask = (one) => clock.until(one.outcome())) => {
    const history = store();
    const anaplan = await connect({ fetch: server.fetch, history });
    await ask(anaplan.task(ref()));
    await clock.pass(minute);
    return history.calls.filter(([what]) => what === "save").length;
  };
  assert.equal(await saves(running(clock, minute)), 1);
  assert.equal(await saves(running(clock, minute, { successful: false })), 0);
  assert.equal(await saves(running(clock, minute, { end: "CANCELLED" })), 0);
  assert.equal(await saves(running(clock, minute, { creation: false })), 0);
  // It was over when it was seen first.
  assert.equal(await saves(running(clock, 0)), 0);
  // It was seen running, but too long ago.
  const late = async (one) => {
    await clock.until(one.status());
    await clock.pass(10 * minute);
    assert.equal((await clock.until(one.status())).phase, "succeeded");
  };
  assert.equal(await saves(running(clock, minute), late), 0);
});

test("with ten runs like it, questions are fewer, the end is noticed no later, and expected", async (t) => {
  const clock = driveTime(t);
  t.mock.method(Math, "random", () => 0.5);
  const plain = await follow(clock, {});
  assert.ok(plain.statuses.every((status) => !("expected" in status)));
  const jitter = [0.97, 1.02, 1, 0.99, 1.01, 1.03, 0.98, 1, 1.02, 1];
  const history = store({ [action]: jitter.map((part) => part * 10 * minute) });
  const learned = await follow(clock, { history });
  assert.ok(learned.questions < 0.85 * plain.questions, `${learned.questions}, ${plain.questions}`);
  assert.ok(learned.late <= Math.max(plain.late, 15_000), `${learned.late}, ${plain.late}`);

  const [first, ...others] = learned.statuses.filter(({ done }) => !done);
  for (const { expected, observedAt } of [first, ...others]) {
    const age = observedAt - first.observedAt;
    if (age > 10.3 * minute) continue;
    assert.equal(expected.runs, 10);
    assert.ok(Math.abs(expected.total - 10 * minute) <= 20_000, `${expected.total}`);
    assert.ok(Math.abs(expected.remaining - (expected.total - age)) <= 1);
    assert.ok(expected.remaining > 0);
  }
  assert.ok(!("expected" in learned.statuses.at(-1)));
  // status() is no watch.
  const status = await clock.until(learned.anaplan.task(ref("other")).status());
  assert.ok(!("expected" in status) && !("nextPollAt" in status));
});

test("a run longer than all before is asked for as if nothing were known", async (t) => {
  const clock = driveTime(t);
  t.mock.method(Math, "random", () => 0.5);
  const known = { [action]: Array(10).fill(minute) };
  const { statuses, questions } = await follow(clock, { history: store(known) });
  const plain = await follow(clock, {});
  const long = statuses.filter(({ observedAt }) => observedAt - statuses[0].observedAt > minute);
  assert.ok(long.length > 10 && long.every((status) => !("expected" in status)));
  assert.ok(questions <= plain.questions + 8, `${questions}, ${plain.questions}`);
  // No gap is wider than the plain rule's widest.
  const gaps = long.slice(1).map(({ observedAt }, i) => observedAt - long[i].observedAt);
  assert.ok(Math.max(...gaps) <= 33_000, `${gaps}`);
});

/** What a store may give, and what comes of it at the worst: nothing is known. */
const nonsense = {
  undefined: () => undefined,
  null: () => null,
  "a text": () => "600000",
  "a number": () => 600_000,
  "an object": () => ({ length: 3, 0: 1, 1: 2, 2: 3 }),
  "a list of anything": () => [null, "7", {}, [], NaN, Infinity, -1, 0, 1e300, Symbol("x"), 5n],
  "a sparse list": () => Object.assign([], { length: 1e6 }),
  "a list that throws": () =>
    new Proxy([1, 2, 3], {
      get() {
        throw new Error("mine");
      },
    }),
  "an error": () => {
    throw new Error("mine");
  },
  "a rejection": () => Promise.reject(new Error("mine")),
  "nothing, ever": () => new Promise(() => {}),
  "a broken promise": () => ({
    then() {
      throw new Error("mine");
    },
  }),
};

for (const [name, load] of Object.entries(nonsense)) {
  test(`a store that gives ${name} does no harm`, async (t) => {
    const clock = driveTime(t);
    t.mock.method(Math, "random", () => 0.5);
    const saved = [];
    const history = { load, save: (_, durations) => saved.push([...durations]) };
    const { questions, late, statuses } = await follow(clock, { history });
    const plain = await follow(clock, {});
    assert.deepEqual([questions, late], [plain.questions, plain.late]);
    assert.ok(statuses.every(({ expected }) => expected === undefined));
    await clock.settle();
    // Not over what a store may still give.
    assert.equal(saved.length, name === "nothing, ever" ? 0 : 1);
    for (const list of saved) assert.ok(list.length === 1 && list[0] > 9 * minute, `${list}`);
    assert.equal(clock.timers(), 0);
  });
}

for (const [name, save] of Object.entries({
  throws: () => {
    throw new Error("mine");
  },
  rejects: () => Promise.reject(new Error("mine")),
  "never ends": () => new Promise(() => {}),
  "empties what it is given": (_, durations) => (durations.length = 0),
})) {
  test(`a save that ${name} does no harm`, async (t) => {
    const clock = driveTime(t);
    let count = 0;
    const history = { load: () => [], save: (...args) => (count++, save(...args)) };
    const { fetch } = running(clock, 40_000);
    const anaplan = await connect({ fetch, history });
    for (const id of ["a", "b", "c"]) {
      assert.equal((await clock.until(anaplan.task(ref(id)).outcome())).phase, "succeeded");
    }
    assert.equal(count, 3);
    const iterator = anaplan.task(ref("d")).watch()[Symbol.asyncIterator]();
    const { value } = await clock.until(iterator.next());
    assert.equal(value.expected.runs, 3);
    await iterator.return();
    assert.equal(clock.timers(), 0);
  });
}

test("a store that answers late loses nothing of what was learned meanwhile", async (t) => {
  const clock = driveTime(t);
  let answer;
  const history = {
    load: () => new Promise((resolve) => (answer = resolve)),
    save: (_, durations) => (history.saved = [...durations]),
  };
  const { fetch } = running(clock, 30_000);
  const anaplan = await connect({ fetch, history });
  await clock.until(anaplan.task(ref("a")).outcome());
  assert.equal(history.saved, undefined);
  answer([111_000, 222_000]);
  await clock.settle();
  await clock.until(anaplan.task(ref("b")).outcome());
  assert.deepEqual(history.saved.slice(0, 2), [111_000, 222_000]);
  assert.equal(history.saved.length, 4);
  assert.ok(history.saved.slice(2).every((duration) => duration < 40_000));
});

test("a store is asked when a task is asked for, not when one is named", async (t) => {
  const clock = driveTime(t);
  const history = store();
  const { fetch } = running(clock, 30_000);
  const anaplan = await connect({ fetch, history });
  const one = anaplan.task(ref());
  one.watch();
  await clock.settle();
  assert.deepEqual(history.calls, []);
  await clock.until(one.outcome());
  assert.equal(history.calls.length, 2);
});

test("methods keep their object, and what is no store is refused", async (t) => {
  const clock = driveTime(t);
  class Store {
    #known = [];
    load() {
      return this.#known;
    }
    save(_, durations) {
      this.#known = durations;
      this.count = (this.count ?? 0) + 1;
    }
  }
  const history = new Store();
  const { fetch } = running(clock, 30_000);
  await clock.until((await connect({ fetch, history })).task(ref()).outcome());
  assert.equal(history.count, 1);
  for (const bad of [7, "x", true, {}, { load() {} }, { load() {}, save: 7 }, []]) {
    const error = await failure(connect({ history: bad }));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /^history: expected an object with the methods load and save/);
  }
});

test("a failure while a run is watched does not spoil what is learned", async (t) => {
  const clock = driveTime(t);
  const history = store();
  const server = running(clock, minute);
  let count = 0;
  const fetch = (...args) => (++count % 3 ? server.fetch(...args) : reply("", { status: 503 }));
  const anaplan = await connect({ fetch: async (...args) => fetch(...args), history });
  await clock.until(anaplan.task(ref()).outcome());
  const [duration] = history.known[action];
  assert.ok(duration > 40_000 && duration < 80_000, `${duration}`);
});
