// The newest run of an action: found, looked for again, started from here.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import {
  began,
  element,
  isDefined,
  keep,
  openDriven,
  pathOf,
  tasksPath,
  young,
} from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

const list = `GET ${tasksPath}`;
const run = (taskId, age = 0) => ({
  taskId,
  taskState: "IN_PROGRESS",
  creationTime: began - age,
});

function count(calls, call) {
  return calls.filter((one) => one.split("?")[0] === call).length;
}

/** An action without a run, whose start is answered when `answer` is called. */
function startedLate() {
  let answer;
  const E1 = ({ method }) =>
    method === "GET" ? [] : new Promise((resolve) => (answer = () => resolve({ taskId: "T1" })));
  return { E1, answer: () => answer() };
}

describe("the newest run", { concurrency: true }, () => {
  test("is shown, once there is one, and then the one after it", async (t) => {
    const runs = [];
    const driven = await openDriven(t, browser, element(), {
      lists: { E1: () => [...runs] },
      tasks: { T1: young.succeeded, T2: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "No run yet");
    runs.push(run("T1", 1_000));
    await driven.pass(50_000, 5_000);
    assert.equal(count(driven.calls, list), 1);
    await driven.pass(10_000);
    assert.equal(count(driven.calls, list), 2);
    assert.deepEqual((await driven.shown()).state, "Succeeded");
    runs.push(run("T2"));
    await driven.pass(60_000, 5_000);
    const { state, task } = await driven.shown();
    assert.deepEqual([state, task], ["Running", "Task T2"]);
    driven.clean();
  });

  test("is looked for once for all elements, and those that come later follow it, too", async (t) => {
    let runs = [run("T1")];
    const driven = await openDriven(t, browser, element('id="a"').repeat(3), {
      lists: { E1: () => runs },
      tasks: { T1: young.running, T2: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.run(
      (html) => document.body.insertAdjacentHTML("beforeend", html),
      element('id="z"'),
    );
    await driven.pass(1_000);
    assert.equal((await driven.shown("#z")).task, "Task T1");
    assert.equal(count(driven.calls, list), 1);
    runs = [run("T2")];
    await driven.pass(60_000, 5_000);
    assert.equal(count(driven.calls, list), 2);
    assert.equal((await driven.shown("#a")).task, "Task T2");
    assert.equal((await driven.shown("#z")).task, "Task T2");
    // Nobody is left with the run before.
    const before = count(driven.calls, `GET ${pathOf("T1")}`);
    await driven.pass(40_000, 5_000);
    assert.equal(count(driven.calls, `GET ${pathOf("T1")}`), before);
    driven.clean();
  });

  test("is not looked for while nobody sees the page, nor when the element is gone", async (t) => {
    const driven = await openDriven(t, browser, "", { lists: { E1: [] }, ready: isDefined });
    await driven.open();
    await driven.run(keep, element());
    await driven.until(() => driven.calls.length);
    await driven.look("hidden");
    await driven.pass(600_000, 20_000);
    assert.equal(driven.calls.length, 1);
    await driven.look("visible");
    assert.equal(driven.calls.length, 2, "whoever comes back sees what is old");
    await driven.look("hidden");
    await driven.look("visible");
    assert.equal(driven.calls.length, 2, "it is not old yet");
    await driven.run(() => kept.remove());
    await driven.pass(200_000, 20_000);
    await driven.look("hidden");
    await driven.look("visible");
    assert.equal(driven.calls.length, 2);
    driven.clean();
  });

  test("survives a list that cannot be had", async (t) => {
    let isDown = false;
    const driven = await openDriven(t, browser, element(), {
      lists: { E1: () => (isDown ? { http: 403 } : [run("T1")]) },
      tasks: { T1: young.running },
    });
    await driven.open();
    isDown = true;
    await driven.pass(70_000, 2_000);
    assert.equal(count(driven.calls, list), 2);
    const { state, trouble } = await driven.shown();
    assert.deepEqual([state, trouble], ["Running", undefined]);
    // Not even until the next answer on the run.
    assert.deepEqual(await driven.events("anaplan-error"), []);
    driven.clean();
  });

  test("is not looked for again by itself where that takes somebody", async (t) => {
    let isOver = true;
    const driven = await openDriven(t, browser, element(), {
      lists: { E1: () => (isOver ? { http: 401 } : [run("T1")]) },
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.pass(300_000, 5_000);
    assert.equal(count(driven.calls, list), 1);
    assert.doesNotMatch((await driven.shown()).trouble, /Retrying/);
    isOver = false;
    await driven.click("Retry");
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "Running");
    driven.clean();
  });

  test("is looked for again by hand, which is seen at once", async (t) => {
    const driven = await openDriven(t, browser, element(), {
      lists: { E1: ({ calls }) => (calls === 1 ? { http: 422 } : undefined) },
    });
    await driven.open();
    await driven.pass(1_000);
    assert.match((await driven.shown()).trouble, /Retrying in 59s\. Retry$/);
    await driven.click("Retry");
    await driven.pass(1_000);
    assert.match((await driven.shown()).trouble, /Retrying … Retry$/);
    const retry = driven.page.getByRole("button", { name: "Retry" });
    assert.equal(await retry.getAttribute("aria-disabled"), "true");
    driven.clean();
  });

  test("that cannot be found is told of, and looked for again, at once when the network is back", async (t) => {
    let answer = { http: 422 };
    const driven = await openDriven(t, browser, element(), {
      lists: { E1: () => answer },
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.pass(10_000);
    const { state, trouble, buttons, error } = await driven.shown();
    assert.deepEqual([state, error, buttons], ["Not known", "MODEL_UNAVAILABLE", ["Retry"]]);
    assert.match(trouble, /Retrying in (49|50)s/);
    const { length } = driven.calls;
    answer = [];
    await driven.run(() => dispatchEvent(new Event("online")));
    assert.equal(driven.calls.length, length + 1);
    assert.equal((await driven.shown()).state, "No run yet");
    driven.clean();
  });
});

describe("a start", { concurrency: true }, () => {
  test("is offered while no run is under way, sent once, and followed", async (t) => {
    const runs = [];
    const driven = await openDriven(t, browser, element("startable"), {
      lists: {
        E1({ method }) {
          if (method === "GET") return [...runs];
          runs.push(run(`T${runs.length + 1}`));
          return { taskId: runs.at(-1).taskId };
        },
      },
      tasks: {
        T1: ({ calls }) => (calls < 2 ? young.running : young.succeeded),
        T2: young.running,
      },
    });
    await driven.open();
    await driven.pass(1_000);
    assert.deepEqual((await driven.shown()).buttons, ["Start"]);
    const options = {
      localeName: "de_DE",
      mappingParameters: [{ entityType: "Version", entityName: "Actual" }],
    };
    await driven.run((options) => {
      document.querySelector("anaplan-task-status").startOptions = options;
    }, options);
    await driven.click("Start", { clickCount: 2 });
    await driven.pass(2_000);
    const shown = await driven.shown();
    assert.deepEqual([shown.state, shown.task, shown.buttons], ["Running", "Task T1", []]);
    assert.equal(count(driven.calls, `POST ${tasksPath}`), 1);
    const at = driven.calls.findIndex((call) => call.startsWith("POST"));
    assert.deepEqual(JSON.parse(driven.bodies[at]), options);
    assert.deepEqual(await driven.heard(), ["status: Export E1: Running."]);
    await driven.pass(8_000);
    assert.deepEqual((await driven.shown()).buttons, ["Start"]);
    await driven.click("Start");
    await driven.pass(2_000);
    assert.equal((await driven.shown()).task, "Task T2");
    const types = (await driven.events()).map(({ type, task }) => `${type.slice(8)} ${task}`);
    assert.deepEqual(types, [
      "start T1",
      "status T1",
      "status T1",
      "done T1",
      "start T2",
      "status T2",
    ]);
    driven.clean();
  });

  test("counts more than a look that was under way, and is seen by other elements at once", async (t) => {
    let look;
    const driven = await openDriven(t, browser, element('id="a" startable') + element('id="b"'), {
      lists: {
        E1({ method, calls }) {
          if (method === "POST") return { taskId: "T2" };
          return calls === 2 ? new Promise((resolve) => (look = resolve)) : [run("T1", 9_000)];
        },
      },
      tasks: { T1: young.succeeded, T2: young.running },
    });
    await driven.open();
    await driven.pass(61_000, 4_000);
    assert.ok(look, "no look is under way");
    await driven.click("Start");
    await driven.pass(1_000);
    look([run("T1", 9_000)]);
    await driven.pass(1_000);
    assert.equal((await driven.shown("#a")).task, "Task T2");
    assert.equal((await driven.shown("#b")).task, "Task T2");
    driven.clean();
  });

  test("goes on with what was stopped, and the run after it is found", async (t) => {
    let runs = [run("T1", 9_000)];
    const driven = await openDriven(t, browser, element("startable"), {
      lists: { E1: ({ method }) => (method === "POST" ? { taskId: "T2" } : runs) },
      tasks: { T1: young.succeeded, T2: young.running, T3: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.run(() => document.querySelector("anaplan-task-status").stop());
    await driven.click("Start");
    await driven.pass(1_000);
    assert.equal((await driven.shown()).task, "Task T2");
    assert.equal(count(driven.calls, `POST ${tasksPath}`), 1);
    runs = [run("T3"), run("T2", 5_000)];
    await driven.pass(61_000, 4_000);
    assert.equal((await driven.shown()).task, "Task T3");
    driven.clean();
  });

  test("that fails is told of, read aloud, and can be tried again", async (t) => {
    let answer = { http: 403 };
    const driven = await openDriven(t, browser, element("startable"), {
      lists: { E1: ({ method }) => (method === "GET" ? [] : answer), E2: [] },
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.click("Start");
    await driven.pass(1_000);
    const { note, buttons, state } = await driven.shown();
    assert.match(note, /^It was not started\. .*403/);
    assert.deepEqual([buttons, state], [["Start"], "No run yet"]);
    const [heard] = await driven.heard();
    assert.ok(heard.startsWith("status: Export E1: It was not started."), heard);
    const errors = await driven.events("anaplan-error");
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["FORBIDDEN"],
    );
    // By a program, it rejects.
    const code = await driven.run(() =>
      document
        .querySelector("anaplan-task-status")
        .start()
        .catch(({ code }) => code),
    );
    assert.equal(code, "FORBIDDEN");
    // It is no word on another action.
    for (const id of ["E2", "E1"]) {
      await driven.run((id) => (document.querySelector("anaplan-task-status").exportId = id), id);
      await driven.pass(1_000);
      assert.equal((await driven.shown()).note, undefined);
    }
    await driven.click("Start");
    await driven.pass(1_000);
    assert.match((await driven.shown()).note, /^It was not started\./);
    answer = { taskId: "T1" };
    await driven.click("Start");
    await driven.pass(1_000);
    assert.deepEqual(
      [(await driven.shown()).state, (await driven.shown()).note],
      ["Running", undefined],
    );
    driven.clean();
  });

  test("whose answer is lost is told of as uncertain", async (t) => {
    const driven = await openDriven(t, browser, element("startable"), {
      lists: {
        E1: ({ method, calls }) =>
          method === "POST" ? { drop: true } : calls < 2 ? [] : [run("T8"), run("T9")],
      },
      tasks: { T8: young.running, T9: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.click("Start");
    await driven.until(async () => {
      await driven.pass(1_000);
      return (await driven.shown()).note;
    });
    assert.match((await driven.shown()).note, /^It may have been started\. .*not known whether/);
    assert.equal((await driven.events("anaplan-error"))[0].code, "START_UNCERTAIN");
    assert.equal(count(driven.calls, `POST ${tasksPath}`), 1);
    assert.equal((await driven.heard()).length, 1);
    // What is said of it goes when there is a run to be seen.
    await driven.pass(60_000, 4_000);
    const { state, note } = await driven.shown();
    assert.deepEqual([state, note], ["Running", undefined]);
    driven.clean();
  });

  test("by an element that is gone when the answer comes is told of, and not followed", async (t) => {
    const { E1, answer } = startedLate();
    const driven = await openDriven(t, browser, element("startable"), {
      lists: {
        E1,
      },
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.run(() => {
      const element = document.querySelector("anaplan-task-status");
      element.addEventListener(
        "anaplan-start",
        ({ detail }) => (globalThis.run = detail.ref.taskId),
      );
      void element.start();
      element.remove();
    });
    await driven.pass(8_000);
    answer();
    await driven.pass(60_000, 5_000);
    assert.equal(await driven.page.evaluate(() => globalThis.run), "T1");
    assert.equal(count(driven.calls, `GET ${pathOf("T1")}`), 0);
    assert.deepEqual(await driven.clients(), [["/anaplan"], ["/anaplan"]]);
    driven.clean();
  });

  test("of what is not shown any more does not come back", async (t) => {
    const { E1, answer } = startedLate();
    const driven = await openDriven(t, browser, element("startable"), {
      lists: {
        E1,
        E2: [],
      },
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.click("Start");
    assert.deepEqual((await driven.shown()).buttons, ["Starting …"]);
    await driven.run(() => (document.querySelector("anaplan-task-status").exportId = "E2"));
    await driven.pass(1_000);
    assert.deepEqual((await driven.shown()).buttons, ["Start"]);
    answer();
    await driven.pass(2_000);
    const { name, state } = await driven.shown();
    assert.deepEqual([name, state], ["Export E2", "No run yet"]);
    driven.clean();
  });
});
