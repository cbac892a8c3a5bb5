// Whether a file is what a run wrote, as far as anybody can know.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, model, ref, reply } from "../support/memory.mjs";

await connect();

const HOUR = 3_600_000;
const result = (successful) => ({ successful, failureDumpAvailable: false });

/** A tenant with `tasks`, each `{ taskId, taskState, creationTime, result }`, and a file of one chunk. */
function server(clock, tasks, { list } = {}) {
  return memoryServer(clock, ({ method, path, task }) => {
    if (method === "POST") {
      const made = {
        taskId: `N${tasks.length}`,
        taskState: "IN_PROGRESS",
        creationTime: Date.now(),
      };
      tasks.push(made);
      return { task: made };
    }
    if (path.endsWith("/tasks")) {
      if (list) return list();
      return { tasks: tasks.map(({ result, ...summary }) => summary).reverse() };
    }
    if (path.endsWith("/chunks")) return { chunks: [{ id: "0", name: "Chunk 0" }] };
    if (path.endsWith("/exports")) return { exports: [{ id: "E", name: "Plan.csv" }] };
    return { task: tasks.find(({ taskId }) => taskId === task) };
  });
}

/** The status of a run that succeeded so long ago. */
const status = (ago = HOUR, more) => ({
  taskId: "T",
  taskState: "COMPLETE",
  creationTime: Date.now() - ago,
  result: result(true),
  ref: ref(),
  phase: "succeeded",
  done: true,
  observedAt: Date.now(),
  ...more,
});

test("what is no status of a run that ended is refused by its name", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, []);
  const action = (await connect({ fetch })).action(model);
  const wrong = [
    "T",
    7,
    [],
    {},
    { ...status(), ref: undefined },
    { ...status(), ref: { ...ref(), exportId: "F" } },
    { ...status(), ref: { ...ref(), modelId: "N" } },
    { ...status(), done: false, phase: "running" },
    { ...status(), done: "yes" },
  ];
  for (const after of wrong) {
    const error = await failure(action.download({ after }));
    assert.equal(error.code, "INVALID_ARGUMENT", JSON.stringify(after));
    assert.match(error.message, /\bafter: expected/, JSON.stringify(after));
  }
  for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { concurrency: "4" }]) {
    const error = await failure(action.download(options));
    assert.match(error.message, /\bconcurrency: expected a whole number/);
  }
  const anaplan = await connect({ fetch });
  const { exportId, ...place } = model;
  for (const [field, objectId, name] of [
    ["importId", "O", "objectId"],
    ["processId", undefined, "objectId"],
    ["processId", "a/b", "objectId"],
    ["exportId", undefined, "ref"],
    ["actionId", undefined, "ref"],
  ]) {
    const task = anaplan.task({ ...place, [field]: "X", taskId: "T" });
    const error = await failure(task.dump({ objectId }));
    assert.match(error.message, new RegExp(`\\b${name}: expected`), `${field} ${objectId}`);
  }
  for (const field of ["importId", "processId", "actionId"]) {
    const error = await failure(anaplan.action({ ...place, [field]: "X" }).download());
    assert.match(error.message, /\bref: expected an export/);
  }
  for (const region of ["", "mars", 7, "US1"]) {
    const error = await failure(connect({ region }));
    assert.deepEqual(
      [error.code, /^region: expected/.test(error.message)],
      ["INVALID_ARGUMENT", true],
      error.message,
    );
  }
  assert.equal(log.length, 0);
});

test("a run that wrote nothing, or too long ago, has no file, and nothing is sent", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, []);
  const action = (await connect({ fetch })).action(model);
  const reasons = [
    [status(HOUR, { phase: "failed", result: result(false) }), /did not succeed/],
    [status(HOUR, { phase: "cancelled", taskState: "CANCELLED" }), /did not succeed/],
    [status(48 * HOUR + 1), /more than 48 hours ago/],
  ];
  for (const [after, said] of reasons) {
    const error = await failure(action.download({ after }));
    assert.deepEqual([error.code, error.retryable], ["STALE_FILE", false]);
    assert.match(error.message, said);
  }
  assert.equal(log.length, 0);
});

test("runs of others are caveats, as far as they may have written", async (t) => {
  const clock = driveTime(t);
  const other = (taskState, ago, more) => ({
    taskId: "O",
    taskState,
    creationTime: Date.now() - ago,
    ...more,
  });
  const mayBeReplaced = /^The export was run again since\. If it was by the same user/;
  const mayChange = /^The export is being run again/;
  const cases = [
    [[], []],
    [[other("COMPLETE", 2 * HOUR)], []],
    [[other("IN_PROGRESS", 2 * HOUR)], []],
    [[other("CANCELLED", 1)], []],
    [[other("COMPLETE", 1)], [mayBeReplaced]],
    [[other("COMPLETE", 1), other("COMPLETE", 2, { taskId: "P" })], [mayBeReplaced]],
    [[other("COMPLETE", 1, { creationTime: undefined })], [mayBeReplaced]],
    [[other("IN_PROGRESS", 1)], [mayChange]],
    [[other("CANCELLING", 1)], [mayChange]],
    [
      [other("NOT_STARTED", 1), other("COMPLETE", 2, { taskId: "P" })],
      [mayChange, mayBeReplaced],
    ],
  ];
  for (const [others, expected] of cases) {
    const after = status(HOUR);
    const { fetch, log } = server(clock, [after, ...others]);
    const action = (await connect({ fetch })).action(model);
    const { caveats, name } = await clock.until(action.download({ after }));
    assert.equal(name, "Plan.csv");
    assert.equal(caveats.length, expected.length, `${JSON.stringify(others)} ${caveats}`);
    expected.forEach((said) =>
      assert.ok(
        caveats.some((caveat) => said.test(caveat)),
        String(said),
      ),
    );
    assert.ok(log.every(({ method }) => method === "GET"));
  }
  const list = () => reply("", { status: 403 });
  const { fetch } = server(clock, [], { list });
  const action = (await connect({ fetch })).action(model);
  const { caveats } = await clock.until(action.download({ after: status() }));
  assert.match(caveats[0], /could not be checked/);
});

test("a run of one's own since has replaced it, once it is known to have succeeded", async (t) => {
  const clock = driveTime(t);
  const ends = [
    [{ taskState: "COMPLETE", result: result(true) }, "STALE_FILE"],
    // It has written nothing.
    [{ taskState: "COMPLETE", result: result(false) }, []],
    // Nobody says.
    [{ taskState: "COMPLETE" }, [/run again since/]],
    [{ taskState: "CANCELLED" }, []],
    [{ taskState: "IN_PROGRESS" }, [/is being run again/]],
  ];
  for (const [end, expected] of ends) {
    const after = status(HOUR);
    const tasks = [after];
    const { fetch } = server(clock, tasks);
    const action = (await connect({ fetch })).action(model);
    const { ref: mine } = await clock.until(action.start());
    Object.assign(tasks.at(-1), end);
    assert.equal(tasks.at(-1).taskId, mine.taskId);
    const given = await clock.until(action.download({ after }).catch((error) => error));
    if (expected === "STALE_FILE") {
      assert.equal(given.code, expected);
      assert.match(given.message, /run again since, by the same user/);
    } else {
      assert.equal(
        given.caveats?.length,
        expected.length,
        `${JSON.stringify(end)}: ${given.message}`,
      );
      expected.forEach((said, i) => assert.match(given.caveats[i], said));
    }
  }
});
