// Many tasks, and many who want to know of one: watchAll() and subscribe(), in driven time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { closest, failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

await connect();

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const never = () => new Promise(() => {});
const refs = (count) => Array.from({ length: count }, (_, i) => ref(`T${i}`));

/** A server whose tasks end after so many answers as their number says. */
function ending(clock, change) {
  const answers = {};
  return memoryServer(clock, (entry) => {
    const changed = change?.(entry);
    if (changed) return changed;
    const count = (answers[entry.task] = (answers[entry.task] ?? 0) + 1);
    const isOver = count > Number(entry.task.slice(1));
    const more = isOver ? { result: { successful: true } } : { currentStep: `${count}` };
    return {
      task: { taskId: entry.task, taskState: isOver ? "COMPLETE" : "IN_PROGRESS", ...more },
    };
  });
}

describe("watchAll", () => {
  test("gives every status of every task, each to its end", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const seen = {};
    const run = async () => {
      for await (const status of anaplan.watchAll(refs(8))) {
        (seen[status.ref.taskId] ??= []).push(status.currentStep ?? status.phase);
        assert.equal(status.done, status.phase === "succeeded");
        assert.equal("nextPollAt" in status, !status.done);
      }
    };
    await clock.until(run());
    const steps = (count) => Array.from({ length: count }, (_, i) => `${i + 1}`);
    for (let i = 0; i < 8; i++) assert.deepEqual(seen[`T${i}`], [...steps(i), "succeeded"]);
    assert.equal(log.length, (8 * 9) / 2);
    assert.ok(closest(log) >= 5_000);
    assert.equal(clock.timers(), 0);
  });

  test("takes URLs, any iterable, the same task twice, and nothing at all", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const collect = async (tasks) => {
      const seen = [];
      for await (const { ref, done } of anaplan.watchAll(tasks)) seen.push(`${ref.taskId} ${done}`);
      return seen;
    };
    assert.deepEqual(await clock.until(collect([])), []);
    const url = "https://api.anaplan.com/2/0/workspaces/W/models/M/exports/E/tasks/T0";
    assert.deepEqual(await clock.until(collect(new Set([url]))), ["T0 true"]);
    function* generated() {
      yield ref("T1");
    }
    assert.deepEqual(await clock.until(collect(generated())), ["T1 false", "T1 true"]);
    log.length = 0;
    const twice = await clock.until(collect([ref("T2"), ref("T2")]));
    assert.ok(twice.length >= 3 && twice.includes("T2 true"));
    assert.equal(log.length, 3);
    for (const bad of [undefined, null, "T", 7, {}, [7], [ref(), { taskId: "x" }]]) {
      assert.throws(() => anaplan.watchAll(bad), { code: "INVALID_ARGUMENT" });
    }
    assert.equal(log.length, 3);
  });

  const failing = (entry) => {
    if (entry.task === "T3") return reply("", { status: 404 });
    if (entry.task === "T5") return reply("", { status: 403 });
  };

  test("without onError, the failure of one task ends the loop", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock, failing);
    const anaplan = await connect({ fetch });
    const run = async () => {
      for await (const _ of anaplan.watchAll(refs(8)));
    };
    const error = await clock.until(failure(run()));
    assert.equal(error.code, "NOT_FOUND");
    assert.equal(error.ref.taskId, "T3");
    const { length } = log;
    await clock.pass(600_000);
    assert.equal(log.length, length);
    assert.equal(clock.timers(), 0);
  });

  test("with onError, the others go on to their ends", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock, failing);
    const anaplan = await connect({ fetch });
    const errors = [];
    const ends = [];
    const run = async () => {
      const onError = (error) => errors.push(`${error.ref.taskId} ${error.code}`);
      for await (const { ref, done } of anaplan.watchAll(refs(8), { onError })) {
        if (done) ends.push(ref.taskId);
      }
    };
    await clock.until(run());
    assert.deepEqual(errors, ["T3 NOT_FOUND", "T5 FORBIDDEN"]);
    assert.deepEqual(ends.sort(), ["T0", "T1", "T2", "T4", "T6", "T7"]);
    assert.equal(clock.timers(), 0);
  });

  test("an onError that throws ends the loop with that", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock, failing);
    const anaplan = await connect({ fetch });
    const mine = new Error("mine");
    const onError = () => {
      throw mine;
    };
    const iterator = anaplan.watchAll(refs(8), { onError })[Symbol.asyncIterator]();
    const run = async () => {
      while (!(await iterator.next()).done);
    };
    assert.equal(await clock.until(failure(run())), mine);
    const { length } = log;
    assert.equal((await clock.until(iterator.next())).done, true);
    await clock.pass(600_000);
    assert.equal(log.length, length);
    assert.equal(clock.timers(), 0);
  });

  test("an abort and a timeout end it all, whatever the reason looks like", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock);
    const anaplan = await connect({ fetch });
    for (const tasks of [["T8"], ["T8", "T9"]].map((names) => names.map(ref))) {
      const errors = [];
      const run = async (options) => {
        const onError = (error) => errors.push(error);
        for await (const _ of anaplan.watchAll(tasks, { ...options, onError }));
      };
      const late = await clock.until(failure(run({ timeout: 8_000 })));
      assert.equal(late.code, "TIMEOUT");
      // As it is when somebody ends all because of one.
      const reason = Object.assign(new Error("enough"), { ref: tasks[0], code: "NOT_FOUND" });
      const controller = new AbortController();
      const aborted = failure(run({ signal: controller.signal }));
      await clock.pass(1_000);
      controller.abort(reason);
      assert.equal(await aborted, reason);
      assert.deepEqual(errors, []);
    }
  });

  test("break stops the questions about all of them, and close() ends it", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    for await (const _ of anaplan.watchAll(refs(20).slice(10))) break;
    await clock.settle();
    const { length } = log;
    await clock.pass(600_000);
    assert.equal(log.length, length);
    assert.equal(clock.timers(), 0);

    const iterator = anaplan.watchAll(refs(20).slice(10))[Symbol.asyncIterator]();
    for (let i = 0; i < 10; i++) await clock.until(iterator.next());
    const waiting = iterator.next();
    await clock.settle();
    anaplan.close();
    assert.equal((await clock.until(waiting)).done, true);
    assert.equal((await iterator.next()).done, true);
    assert.equal(clock.timers(), 0);
  });

  test("a slow consumer gets the latest of each, never a queue", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const slow = anaplan.watchAll([ref("T50"), ref("T51")])[Symbol.asyncIterator]();
    // Somebody else who watches at the pace of the tasks.
    const controller = new AbortController();
    const { signal } = controller;
    const quick = (id) => failure(anaplan.task(ref(id)).outcome({ signal, maxInterval: 5_000 }));
    const others = [quick("T50"), quick("T51")];
    await clock.until(slow.next());
    await clock.until(slow.next());
    await clock.pass(100_000);
    const answers = log.length;
    assert.ok(answers > 30);
    const steps = [];
    for (let i = 0; i < 2; i++) {
      const { value } = await clock.until(slow.next());
      steps.push(Number(value.currentStep));
      assert.ok(Date.now() - value.observedAt <= 6_000, `${Date.now() - value.observedAt}`);
    }
    assert.ok(
      steps.every((step) => step >= answers / 2 - 1),
      `${steps} of ${answers}`,
    );
    await slow.return();
    controller.abort();
    await Promise.all(others);
    assert.ok(closest(log) >= 5_000);
    assert.equal(clock.timers(), 0);
  });

  test("what came while nobody waited is as old as it is", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, async (entry) => {
      // The first is answered at once, the others a little later: by then nobody waits.
      if (entry.task !== "T0") await sleep(500);
      return task("IN_PROGRESS", { currentStep: `${Date.now()}` });
    });
    const anaplan = await connect({ fetch });
    const iterator = anaplan.watchAll(refs(10))[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = await clock.until(iterator.next());
      return value;
    };
    assert.equal((await next()).ref.taskId, "T0");
    await clock.pass(1_000);
    assert.ok(log.every(({ open }) => !open));
    assert.equal(clock.timers(), 0, "a timer for what was answered");
    // Soon after, it will do.
    const second = await next();
    assert.equal(Number(second.currentStep), second.observedAt);
    assert.equal(Date.now() - second.observedAt, 500);
    assert.equal(log.length, 10);
    // An hour later it will not.
    await clock.pass(3_600_000);
    for (let i = 0; i < 10; i++) {
      const value = await next();
      assert.equal(Number(value.currentStep), value.observedAt);
      assert.ok(Date.now() - value.observedAt < 1_000, `${value.ref.taskId} is old`);
    }
    assert.ok(closest(log) >= 5_000);
    await iterator.return();
    assert.equal(clock.timers(), 0);
  });

  test("asks nothing while nobody waits, and keeps no timer", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const iterator = anaplan.watchAll(refs(40).slice(30))[Symbol.asyncIterator]();
    // The first of them a second time: then all the others wait for their next question.
    for (let i = 0; i < 11; i++) await clock.until(iterator.next());
    await clock.settle();
    assert.equal(clock.timers(), 0);
    const { length } = log;
    await clock.pass(3_600_000);
    assert.equal(log.length, length);
    // Whoever comes back gets what is true now.
    const { value } = await clock.until(iterator.next());
    assert.ok(Date.now() - value.observedAt < 1_000);
    // Nor what somebody else learned long ago.
    await clock.pass(10_000);
    await clock.until(anaplan.task(ref(value.taskId)).status());
    await clock.pass(3_600_000);
    const later = await clock.until(iterator.next());
    assert.ok(Date.now() - later.value.observedAt < 1_000, later.value.taskId);
    await iterator.return();
    assert.equal(clock.timers(), 0);
  });

  test("each iteration is a watch of its own", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock);
    const anaplan = await connect({ fetch });
    const watch = anaplan.watchAll([ref("T2")]);
    const count = async () => {
      let statuses = 0;
      for await (const _ of watch) statuses++;
      return statuses;
    };
    assert.deepEqual(await clock.until(Promise.all([count(), count()])), [3, 3]);
    assert.equal(await clock.until(count()), 1);
  });
});

describe("subscribe", () => {
  test("all subscribers share one watch, which ends with the last of them", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const { subscribe, getSnapshot } = anaplan.task(ref("T90")).watch();
    assert.equal(getSnapshot(), undefined);
    await clock.pass(60_000);
    assert.equal(log.length, 0, "a question before anybody subscribed");
    const seen = [[], []];
    const leave = seen.map((list) => subscribe((status) => list.push(status)));
    await clock.pass(30_000);
    assert.deepEqual(seen[0], seen[1]);
    assert.ok(
      seen[0].every((status, i) => status === seen[1][i]),
      "not the same objects",
    );
    assert.equal(seen[0].length, log.length);
    assert.equal(getSnapshot(), seen[0].at(-1));
    leave[0]();
    leave[0]();
    await clock.pass(30_000);
    assert.ok(seen[1].length > seen[0].length);
    leave[1]();
    await clock.settle();
    const { length } = log;
    await clock.pass(600_000);
    assert.equal(log.length, length);
    assert.equal(clock.timers(), 0);
    // What was seen last stays to be looked at; another subscriber begins anew.
    assert.equal(getSnapshot(), seen[1].at(-1));
    const again = [];
    const end = subscribe((status) => again.push(status));
    await clock.settle();
    assert.equal(again.length, 1);
    assert.equal(log.length, length + 1);
    end();
  });

  test("the same function twice is two subscriptions", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock);
    const anaplan = await connect({ fetch });
    const { subscribe } = anaplan.task(ref("T90")).watch();
    let count = 0;
    const listener = () => count++;
    const leave = [subscribe(listener), subscribe(listener)];
    await clock.settle();
    assert.equal(count, 2);
    leave[0]();
    leave[0]();
    await clock.pass(6_000);
    assert.equal(count, 3);
    leave[1]();
  });

  test("a snapshot changes with each status and at no other time", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock);
    const anaplan = await connect({ fetch });
    const { subscribe, getSnapshot } = anaplan.task(ref("T6")).watch();
    const told = [];
    subscribe((status) => told.push([status, getSnapshot()]));
    const looked = new Set();
    for (let i = 0; i < 100; i++) {
      await clock.pass(500);
      assert.equal(getSnapshot(), getSnapshot());
      looked.add(getSnapshot());
    }
    assert.ok(told.every(([status, snapshot]) => status === snapshot));
    assert.deepEqual(
      [...looked],
      told.map(([status]) => status),
    );
    assert.equal(told.at(-1)[0].phase, "succeeded");
    assert.equal(clock.timers(), 0);
    // Over is over: there is nothing to begin again.
    subscribe(() => assert.fail("told of nothing new"))();
    await clock.pass(60_000);
    assert.equal(getSnapshot(), told.at(-1)[0]);
  });

  test("fits useSyncExternalStore: subscribed anew with each rendering, in strict mode too", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const watch = anaplan.task(ref("T3")).watch();
    // What React does: it compares snapshots after each call and after subscribing, and in strict
    // mode subscribes, leaves and subscribes again at once.
    const component = { shown: watch.getSnapshot(), renderings: 0 };
    const check = () => {
      const value = watch.getSnapshot();
      if (Object.is(value, component.shown)) return;
      component.shown = value;
      component.renderings++;
    };
    const mount = () => {
      const leave = watch.subscribe(check);
      check();
      return leave;
    };
    mount()();
    const leave = mount();
    for (let i = 0; i < 60; i++) await clock.pass(1_000);
    assert.equal(component.renderings, 4);
    assert.equal(component.shown.phase, "succeeded");
    leave();
    assert.ok(closest(log) >= 5_000);
    assert.equal(log.length, 4);
    assert.equal(clock.timers(), 0);
  });

  test("an error goes to onError of each, ends the watch, and another subscriber tries again", async (t) => {
    const clock = driveTime(t);
    let status = 403;
    const { fetch, log } = ending(clock, () => status && reply("", { status }));
    const anaplan = await connect({ fetch });
    const { subscribe, getSnapshot } = anaplan.task(ref("T0")).watch();
    const errors = [];
    const leave = [0, 1].map(() =>
      subscribe(
        () => {},
        (error) => errors.push(error),
      ),
    );
    await clock.settle();
    assert.equal(errors.length, 2);
    assert.equal(errors[0], errors[1]);
    assert.equal(errors[0].code, "FORBIDDEN");
    assert.equal(getSnapshot(), undefined);
    await clock.pass(60_000);
    assert.equal(log.length, 1);
    for (const end of leave) end();
    status = undefined;
    const seen = [];
    subscribe((status) => seen.push(status.phase));
    await clock.pass(60_000);
    assert.deepEqual(seen, ["succeeded"]);
    assert.equal(clock.timers(), 0);
  });

  test("what nobody takes is reported as uncaught: an error, and what a listener throws", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock, (entry) => entry.task === "gone" && reply("", { status: 404 }));
    const anaplan = await connect({ fetch });
    // The driven timers call what would be thrown at the event loop.
    const thrown = [];
    const { setTimeout } = globalThis;
    t.mock.method(globalThis, "setTimeout", (work, ...args) =>
      setTimeout(
        () => {
          try {
            work();
          } catch (error) {
            thrown.push(error);
          }
        },
        ...args,
      ),
    );
    anaplan
      .task(ref("gone"))
      .watch()
      .subscribe(() => {});
    const { subscribe } = anaplan.task(ref("T1")).watch();
    const mine = new Error("mine");
    const seen = [];
    subscribe(() => {
      throw mine;
    });
    subscribe((status) => seen.push(status.phase));
    await clock.pass(60_000);
    // One that throws does not keep the others from hearing.
    assert.deepEqual(seen, ["running", "succeeded"]);
    assert.deepEqual(
      thrown.map((error) => error.code ?? error.message),
      ["NOT_FOUND", "mine", "mine"],
    );
  });

  test("whoever has left is not called, though another one's call made it leave", async (t) => {
    const clock = driveTime(t);
    const { fetch } = ending(clock);
    const anaplan = await connect({ fetch });
    const { subscribe } = anaplan.task(ref("T9")).watch();
    const calls = [];
    const leave = [];
    leave.push(subscribe(() => (calls.push("first"), leave.forEach((end) => end()))));
    leave.push(subscribe(() => calls.push("second")));
    await clock.pass(60_000);
    assert.deepEqual(calls, ["first"]);
    assert.equal(clock.timers(), 0);
  });

  test("a subscriber may subscribe, leave and come back from inside its call", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const { subscribe } = anaplan.task(ref("T9")).watch();
    const calls = [];
    let leave = subscribe((status) => {
      calls.push(`first ${status.currentStep}`);
      leave();
      leave = subscribe((status) => calls.push(`second ${status.currentStep}`));
    });
    await clock.pass(10_000);
    leave();
    await clock.pass(60_000);
    // The second gets what is known, and then what comes.
    assert.deepEqual(calls.slice(0, 2), ["first 1", "second 1"]);
    assert.equal(calls.length, 3);
    assert.ok(closest(log) >= 5_000);
    assert.equal(clock.timers(), 0);
  });

  test("close() and an abort end the subscriptions", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock, (entry) => entry.task === "slow" && never());
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const errors = [];
    const { signal } = controller;
    const keep = (error) => errors.push(error);
    anaplan
      .task(ref("T90"))
      .watch({ signal })
      .subscribe(() => {}, keep);
    anaplan
      .task(ref("slow"))
      .watch({ signal })
      .subscribe(() => {}, keep);
    await clock.pass(7_000);
    controller.abort("enough");
    await clock.settle();
    assert.deepEqual(errors, ["enough", "enough"]);
    assert.equal(clock.timers(), 0);

    anaplan
      .task(ref("T90"))
      .watch()
      .subscribe(() => {}, keep);
    await clock.pass(7_000);
    anaplan.close();
    const { length } = log;
    await clock.pass(60_000);
    assert.equal(log.length, length);
    assert.equal(errors.length, 2);
    assert.equal(clock.timers(), 0);
  });

  test("beside a loop over the same watch, one question serves both", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = ending(clock);
    const anaplan = await connect({ fetch });
    const watch = anaplan.task(ref("T4")).watch();
    const [seen, looped] = [[], []];
    watch.subscribe((status) => seen.push(status.currentStep));
    const loop = async () => {
      for await (const status of watch) looped.push(status.currentStep);
    };
    await clock.until(loop());
    await clock.settle();
    assert.deepEqual(seen, looped);
    assert.equal(log.length, 5);
  });
});
