// Starting and following in one call, and giving it up at any moment.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { closest, failure, memoryServer, model, ref, reply, task } from "../support/memory.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";
import { json } from "../support/server.mjs";

await connect();

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const methods = (log) => log.map(({ method }) => method).join(" ");
const result = (successful) => ({ result: { successful, failureDumpAvailable: false } });
const started = { task: { taskId: "T" } };

/** `start(number)` answers the POST, `status(number)` the GETs of the task, `list()` that of tasks. */
function server(
  clock,
  { start = () => started, status = () => task("IN_PROGRESS"), list, took = 100 } = {},
) {
  return memoryServer(clock, async ({ method, task: last }, log) => {
    const number = log.filter((entry) => entry.method === method).length;
    await wait(took);
    if (method === "POST") return start(number);
    if (method === "DELETE") return task("CANCELLING");
    return last === "tasks" ? list() : status(number);
  });
}

test("a run is followed to its end, whatever that is", async (t) => {
  const clock = driveTime(t);
  const ends = {
    succeeded: task("COMPLETE", result(true)),
    failed: task("COMPLETE", result(false)),
    cancelled: task("CANCELLED"),
    unknown: task("COMPLETE"),
  };
  for (const [phase, end] of Object.entries(ends)) {
    const status = (number) => (number < 4 ? task("IN_PROGRESS") : end);
    const { fetch, log } = server(clock, { status });
    const anaplan = await connect({ fetch });
    const last = await clock.until(anaplan.action(model).run({ localeName: "en_GB" }));
    assert.deepEqual([last.phase, last.done, last.ref], [phase, true, ref()]);
    assert.equal(methods(log), "POST GET GET GET GET");
    assert.equal(log[0].body, '{"localeName":"en_GB"}');
    assert.ok(closest(log) >= 5_000);
    assert.equal(clock.timers(), 0);
  }
});

test("a start that fails fails the run, and says what it was", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, { start: () => reply("", { status: 404 }) });
  const anaplan = await connect({ fetch });
  const error = await clock.until(failure(anaplan.action(model).run()));
  assert.deepEqual([error.code, error.status, error.ref], ["NOT_FOUND", 404, undefined]);
  assert.ok(error.hint);
  assert.equal(log.length, 1);
  const tasks = [1, 2].map((n) => ({ taskId: `T${n}`, taskState: "IN_PROGRESS" }));
  const lost = server(clock, { start: () => reply("", { status: 502 }), list: () => ({ tasks }) });
  const other = await connect({ fetch: lost.fetch });
  const uncertain = await clock.until(failure(other.action(model).run()));
  assert.equal(uncertain.code, "START_UNCERTAIN");
  assert.equal(uncertain.candidates.length, 2);
  assert.equal(methods(lost.log), "POST GET");
});

test("a time-out names the task that runs on", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock);
  const anaplan = await connect({ fetch });
  for (const onAbort of ["detach", "cancel"]) {
    const call = anaplan.action(model).run({ timeout: 12_000, onAbort });
    const error = await clock.until(failure(call));
    assert.deepEqual([error.code, error.ref], ["TIMEOUT", ref()]);
    assert.equal(error.taskStatus.phase, "running");
    assert.match(error.message, /12000 ms; what was started runs on$/);
    assert.deepEqual(error.toJSON().ref, ref());
  }
  await clock.pass(60_000);
  assert.doesNotMatch(methods(log), /DELETE/);
  // Before there is one, there is none to name.
  const slow = server(clock, { took: 9_000 });
  const early = (await connect({ fetch: slow.fetch })).action(model).run({ timeout: 5_000 });
  const error = await clock.until(failure(early));
  assert.deepEqual([error.code, error.ref], ["TIMEOUT", undefined]);
  assert.match(error.message, /what was started runs on$/);
  await clock.pass(60_000);
});

test("by default an abort leaves the task alone, at whatever moment", async (t) => {
  const clock = driveTime(t);
  // In the POST; in the first status; between two; in the second.
  for (const after of [50, 150, 2_000, 5_250]) {
    for (const onAbort of [undefined, "detach"]) {
      const { fetch, log } = server(clock);
      const anaplan = await connect({ fetch });
      const controller = new AbortController();
      const call = failure(anaplan.action(model).run({ signal: controller.signal, onAbort }));
      await clock.pass(after);
      const sent = methods(log);
      controller.abort("enough");
      assert.equal(await call, "enough");
      await clock.pass(60_000);
      assert.equal(methods(log), sent, `after ${after} ms`);
      assert.ok(log.every(({ open }) => !open));
      assert.equal(clock.timers(), 0);
    }
  }
});

test("with onAbort cancel, the task is cancelled at whatever moment, once there is one", async (t) => {
  const clock = driveTime(t);
  for (const after of [50, 150, 2_000, 5_250]) {
    const { fetch, log } = server(clock);
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const call = anaplan.action(model).run({ signal: controller.signal, onAbort: "cancel" });
    let reason;
    failure(call).then((error) => (reason = error));
    await clock.pass(after);
    controller.abort("enough");
    await clock.settle();
    // It does not wait for that.
    assert.equal(reason, "enough", `after ${after} ms`);
    await clock.pass(60_000);
    const cancels = log.filter(({ method }) => method === "DELETE");
    assert.deepEqual(
      cancels.map(({ path }) => path.split("/").at(-1)),
      ["T"],
      `after ${after} ms`,
    );
    assert.equal(log.filter(({ method }) => method === "POST").length, 1);
    assert.equal(log.at(-1).method, "DELETE");
    assert.equal(clock.timers(), 0);
  }
});

test("with onAbort cancel, a task whose start was lost is found and cancelled, too", async (t) => {
  const clock = driveTime(t);
  let made;
  const { fetch, log } = server(clock, {
    start: () => {
      made = { taskId: "FOUND", taskState: "IN_PROGRESS", creationTime: Date.now() };
      return reply("", { status: 504 });
    },
    list: () => ({ tasks: [made] }),
  });
  const anaplan = await connect({ fetch });
  const controller = new AbortController();
  const call = failure(anaplan.action(model).run({ signal: controller.signal, onAbort: "cancel" }));
  await clock.pass(150);
  controller.abort("enough");
  assert.equal(await call, "enough");
  await clock.pass(60_000);
  assert.equal(methods(log), "POST GET DELETE");
  assert.equal(log.at(-1).task, "FOUND");
});

test("with onAbort cancel, what was not sent yet never is", async (t) => {
  const clock = driveTime(t);
  const refused = (status) => () => reply("", { status, headers: { "Retry-After": "30" } });
  const situations = {
    "aborted before": [{}, null, 0],
    "in the turn of the call": [{}, 0, 0],
    "while a token is awaited": [{}, 10, 0, async () => (await wait(5_000), "t0ken-0123456789")],
    "in a pause": [{ start: refused(429) }, 10_000, 1],
    "between two attempts": [{ start: refused(423) }, 10_000, 1],
  };
  for (const [name, [answers, after, sent, auth]] of Object.entries(situations)) {
    const { fetch, log } = server(clock, answers);
    const anaplan = await connect({ fetch, auth });
    const controller = new AbortController();
    if (after === null) controller.abort("enough");
    const call = anaplan.action(model).run({ signal: controller.signal, onAbort: "cancel" });
    const reason = failure(call);
    if (after) await clock.pass(after);
    controller.abort("enough");
    assert.equal(await reason, "enough");
    await clock.pass(120_000);
    assert.equal(log.length, sent, `${name}: ${methods(log)}`);
    assert.equal(clock.timers(), 0, name);
  }
});

test("a run that ended is not cancelled by a late abort", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, { status: () => task("COMPLETE", result(true)) });
  const anaplan = await connect({ fetch });
  const controller = new AbortController();
  await clock.until(anaplan.action(model).run({ signal: controller.signal, onAbort: "cancel" }));
  controller.abort();
  await clock.pass(60_000);
  assert.equal(methods(log), "POST GET");
});

test("close ends a run at once, and cancels nothing", async (t) => {
  const clock = driveTime(t);
  for (const after of [50, 150, 2_000]) {
    const { fetch, log } = server(clock);
    const anaplan = await connect({ fetch });
    const { signal } = new AbortController();
    const call = failure(anaplan.action(model).run({ signal, onAbort: "cancel" }));
    await clock.pass(after);
    const sent = methods(log);
    anaplan.close();
    assert.equal((await call).name, "AbortError");
    await clock.pass(60_000);
    assert.equal(methods(log), sent);
    assert.ok(log.every(({ open }) => !open));
    assert.equal(clock.timers(), 0);
  }
});

test("a failed task says why, with what to do about it beside it", async (t) => {
  const clock = driveTime(t);
  const secret = "s3cret-t0ken-0123456789";
  const details = [
    { type: "moduleImportFailed", localMessageText: `Rows 7 of ${secret} failed `, occurrences: 7 },
  ];
  const end = task("COMPLETE", { currentStep: secret, result: { successful: false, details } });
  const { fetch } = server(clock, { status: () => end });
  const anaplan = await connect({ fetch, auth: secret });
  const { ref: reference } = await clock.until(anaplan.action(model).start());
  const error = await clock.until(failure(anaplan.task(reference).result()));
  assert.equal(error.code, "TASK_FAILED");
  assert.match(error.message, /"Rows 7 of \[redacted\] failed"/);
  assert.match(error.hint, /^Rows were refused/);
  assert.ok(error.message.endsWith(error.hint));
  assert.equal(error.toJSON().hint, error.hint);
  assert.equal(error.taskStatus.result.details[0].type, "moduleImportFailed");
  assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}`, /s3cret/);
});

scenario("a run that is aborted in its POST cancels what that made", {
  answer: (request, response, { method }) => {
    if (method === "POST")
      return setTimeout(() => json(response, { task: { taskId: "T" } }), 3_000);
    json(response, { task: { taskId: "T", taskState: "CANCELLING" } });
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const controller = new AbortController();
    const call = anaplan.action(model).run({ signal: controller.signal, onAbort: "cancel" });
    setTimeout(() => controller.abort("enough"), 100);
    const began = performance.now();
    const reason = await call.catch((reason) => reason);
    const took = performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return { reason, took };
  },
  check: ({ reason, took }, log) => {
    assert.equal(reason, "enough");
    // It does not wait for the answer.
    assert.ok(took < 2_900, `${took} ms`);
    assert.deepEqual(
      log.map(({ method }) => method),
      ["POST", "DELETE"],
    );
  },
});

runScenarios("anaplan-tasks");
