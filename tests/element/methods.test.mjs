// What programs rely on: methods, properties, attributes, and events in their order.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import {
  element,
  ids,
  isDefined,
  openDriven,
  pathOf,
  said,
  tasksPath,
  young,
} from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

describe("events", { concurrency: true }, () => {
  test("come once for each answer, the end once, and reach the whole page", async (t) => {
    const answers = [young.waiting, young.running, young.cancelling, young.succeeded];
    const body = '<div id="host"></div>';
    const driven = await openDriven(t, browser, body, {
      tasks: { T1: ({ calls }) => answers[calls - 1] },
      ready: isDefined,
    });
    await driven.open();
    // Inside somebody's shadow tree: what is composed gets out of it.
    await driven.run((html) => {
      document.querySelector("#host").attachShadow({ mode: "open" }).innerHTML = html;
    }, element('task-id="T1"'));
    await driven.until(() => driven.calls.length);
    await driven.pass(60_000, 1_000);
    const events = await driven.events();
    assert.deepEqual(
      events.map(({ type, phase }) => `${type.slice(8)} ${phase}`),
      [
        "status waiting",
        "status running",
        "status cancelling",
        "status succeeded",
        "done succeeded",
      ],
    );
    assert.ok(events.every(({ isWhole, id, task }) => isWhole && id === "host" && task === "T1"));
    driven.clean();
  });

  test("tell of what is asked by hand as of the rest", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: said.running },
    });
    await driven.open();
    await driven.pass(3_000);
    await driven.run(() => void document.querySelector("anaplan-task-status").refresh());
    await driven.pass(1_000);
    assert.equal(driven.calls.length, 1, "asked again within five seconds");
    await driven.pass(3_000);
    const again = driven.page.evaluate(() =>
      document.querySelector("anaplan-task-status").refresh(),
    );
    await driven.pass(1_000);
    await again;
    assert.equal(driven.calls.length, 2);
    assert.equal((await driven.events("anaplan-status")).length, 2);
    assert.match((await driven.shown()).checked, /^Checked (just now|1s ago), next in/);
    driven.clean();
  });

  test("of a final answer that a late listener of the page asks for are not repeated", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.failed },
    });
    await driven.open();
    await driven.run(async () => {
      const element = document.querySelector("anaplan-task-status");
      await element.refresh();
      element.stop();
      await element.refresh();
    });
    await driven.pass(10_000);
    const types = (await driven.events()).map(({ type }) => type);
    assert.deepEqual(types, ["anaplan-status", "anaplan-done"]);
    assert.equal(driven.calls.length, 1);
    driven.clean();
  });
});

describe("methods", { concurrency: true }, () => {
  test("stop() asks no more, whatever happens, until refresh()", async (t) => {
    const driven = await openDriven(t, browser, `<section></section>${element('task-id="T1"')}`, {
      tasks: { T1: young.running, T2: young.waiting },
    });
    await driven.open();
    await driven.run(() => document.querySelector("anaplan-task-status").stop());
    await driven.pass(60_000, 10_000);
    await driven.run(() =>
      document.querySelector("section").append(document.querySelector("anaplan-task-status")),
    );
    await driven.run(() => dispatchEvent(new Event("online")));
    await driven.pass(60_000, 10_000);
    assert.equal(driven.calls.length, 1);
    const { state, checked } = await driven.shown();
    assert.equal(state, "Running when last asked");
    assert.match(checked, /No longer followed\.$/);
    await driven.run(() => document.querySelector("anaplan-task-status").refresh());
    await driven.pass(100, 100);
    assert.equal(driven.calls.length, 2);
    assert.equal((await driven.shown()).state, "Running");
    await driven.pass(60_000, 5_000);
    assert.ok(driven.calls.length > 3, "it is followed no more");
    // Something else is not stopped.
    await driven.run(() => {
      const element = document.querySelector("anaplan-task-status");
      element.stop();
      element.taskId = "T2";
    });
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "Waiting");
    driven.clean();
  });

  test("stop() before the first answer is heeded", async (t) => {
    const driven = await openDriven(t, browser, "", {
      tasks: { T1: young.running },
      ready: isDefined,
    });
    await driven.open();
    await driven.run((html) => {
      document.body.insertAdjacentHTML("beforeend", html);
      const element = document.querySelector("anaplan-task-status");
      return element.updateComplete.then(() => element.stop());
    }, element('task-id="T1"'));
    await driven.pass(30_000, 5_000);
    assert.deepEqual(driven.calls, []);
    assert.equal((await driven.shown()).state, "No longer followed");
    driven.clean();
  });

  test("do what is meant by now, though it was said in the same turn", async (t) => {
    const driven = await openDriven(t, browser, "", {
      tasks: { T1: young.running, T2: young.running, T3: young.running, T4: young.running },
      lists: { E1: ({ method }) => (method === "POST" ? { taskId: "S1" } : []) },
      ready: () => customElements.get("anaplan-task-status") !== undefined,
    });
    await driven.open();
    const after = async (work, html) => {
      const { length } = driven.calls;
      await driven.run(work, html);
      await driven.until(() => driven.calls.length > length);
      await driven.pass(1_000);
      return driven.calls.slice(length);
    };
    // The client is not even loaded.
    const cancelled = await after((html) => {
      document.body.insertAdjacentHTML("beforeend", html);
      void document.querySelector("anaplan-task-status").cancel();
    }, element('task-id="T1"'));
    assert.ok(cancelled.includes(`DELETE ${pathOf("T1")}`), cancelled.join());
    const other = await after(() => {
      const element = document.querySelector("anaplan-task-status");
      element.taskId = "T2";
      void element.cancel();
    });
    assert.deepEqual(other.sort(), [`DELETE ${pathOf("T2")}`, `GET ${pathOf("T2")}`]);
    const refreshed = await after(() => {
      const element = document.querySelector("anaplan-task-status");
      element.stop();
      element.taskId = "T3";
      return element.refresh();
    });
    assert.deepEqual(refreshed, [`GET ${pathOf("T3")}`]);
    const started = await after(() => {
      const element = document.querySelector("anaplan-task-status");
      element.taskId = null;
      void element.start();
    });
    assert.equal(started.filter((call) => call === `POST ${tasksPath}`).length, 1);
    await driven.run(() => {
      const element = document.querySelector("anaplan-task-status");
      element.taskId = "T4";
      element.stop();
    });
    await driven.pass(10_000, 5_000);
    assert.ok(!driven.calls.includes(`GET ${pathOf("T4")}`), "what was stopped is asked for");
    driven.clean();
  });

  test("of what is said wrongly reject with what is shown", async (t) => {
    const driven = await openDriven(t, browser, "", {
      ready: () => customElements.get("anaplan-task-status") !== undefined,
    });
    await driven.open();
    const codes = await driven.run(() => {
      const element = document.createElement("anaplan-task-status");
      document.body.append(element);
      const deeds = [element.start(), element.cancel()];
      const code = (deed) =>
        deed.then(
          () => undefined,
          (error) => error === element.error && error.code,
        );
      return Promise.all(deeds.map(code));
    });
    assert.deepEqual(codes, ["INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
    driven.clean();
  });

  test("a cancel of what is stopped shows what became of it", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1" cancelable'), {
      tasks: {
        T1: ({ method, calls }) =>
          method === "DELETE" || calls > 1 ? young.cancelling : young.running,
      },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.run(() => document.querySelector("anaplan-task-status").stop());
    await driven.pass(10_000, 5_000);
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(6_000);
    assert.equal((await driven.shown()).state, "Cancelling");
    driven.clean();
  });

  test("a refresh that fails rejects nobody, and is told of", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      // Old enough that it is asked for by itself only later.
      tasks: { T1: ({ calls }) => (calls < 2 ? said.running : { http: 403 }) },
    });
    await driven.open();
    await driven.pass(6_000);
    await driven.run(() => void document.querySelector("anaplan-task-status").refresh());
    await driven.pass(2_000);
    assert.equal((await driven.shown()).error, "FORBIDDEN");
    assert.equal((await driven.events("anaplan-error")).length, 1);
    driven.clean();
  });
});

describe("properties", { concurrency: true }, () => {
  test("that were set before the element was defined take effect", async (t) => {
    const driven = await openDriven(t, browser, "<anaplan-task-status></anaplan-task-status>", {
      tasks: { T1: young.running },
      // Before any script of the page's, and so before the element's.
      script: `addEventListener("DOMContentLoaded", () => {}, true);
        new MutationObserver((_, observer) => {
          const element = document.querySelector("anaplan-task-status");
          if (!element) return;
          observer.disconnect();
          globalThis.wasEarly = !customElements.get("anaplan-task-status");
          Object.assign(element, {
            baseUrl: "/anaplan", cancelable: true, label: "Nightly export",
            task: { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" },
            strings: { cancel: "Stop it" },
          });
        }).observe(document, { childList: true, subtree: true });`,
    });
    await driven.open();
    const { name, state, buttons } = await driven.shown();
    assert.deepEqual([name, state, buttons], ["Nightly export", "Running", ["Stop it"]]);
    assert.equal(await driven.page.evaluate(() => globalThis.wasEarly), true);
    driven.clean();
  });

  test("are as their types say before anything is set, and follow their attributes", async (t) => {
    const driven = await openDriven(t, browser, "", {
      ready: isDefined,
    });
    await driven.open();
    const found = await driven.run(async () => {
      const element = document.createElement("anaplan-task-status");
      const texts = ["baseUrl", "workspaceId", "modelId", "exportId", "importId", "processId"];
      texts.push("actionId", "taskId", "label", "client", "task", "startOptions", "strings");
      const flags = ["cancelable", "download", "startable", "compact", "noHistory"];
      const first = {
        nulls: texts.filter((name) => element[name] !== null),
        flags: flags.filter((name) => element[name] !== false),
        whenHidden: element.whenHidden,
        status: element.status,
        error: element.error,
        attributes: element.getAttributeNames(),
      };
      document.body.append(element);
      for (const name of flags) element[name] = true;
      await element.updateComplete;
      const set = element.getAttributeNames();
      for (const name of flags) element[name] = false;
      await element.updateComplete;
      const unset = element.getAttributeNames();
      const named = {};
      for (const name of texts.slice(0, 9)) {
        const attribute = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        element.setAttribute(attribute, name);
        named[name] = element[name];
      }
      element.setAttribute("when-hidden", "pause");
      return { first, set, unset, named, whenHidden: element.whenHidden };
    });
    assert.deepEqual(found.first, {
      nulls: [],
      flags: [],
      whenHidden: "slow",
      status: undefined,
      error: undefined,
      attributes: [],
    });
    const flags = ["cancelable", "compact", "download", "no-history", "startable"];
    assert.deepEqual(found.set.sort(), flags);
    assert.deepEqual(found.unset, []);
    assert.ok(Object.entries(found.named).every(([name, value]) => name === value));
    assert.equal(found.whenHidden, "pause");
    driven.clean();
  });

  test("that name it may be numbers, as templates have them", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.run(() => {
      document.querySelector("anaplan-task-status").label = 2024;
    });
    assert.equal((await driven.shown()).name, "2024");
    driven.clean();
  });

  test("that are texts may be left out, or be none", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1" cancelable'), {
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.run(() => {
      const element = document.querySelector("anaplan-task-status");
      element.strings = { cancel: "Stop it", running: undefined, checked: null };
    });
    const { state, checked, buttons } = await driven.shown();
    assert.deepEqual([state, buttons], ["Running", ["Stop it"]]);
    assert.match(checked, /^Checked /);
    driven.clean();
  });

  test("say whether a page that nobody sees asks", async (t) => {
    const driven = await openDriven(
      t,
      browser,
      `${element('task-id="T1" when-hidden="pause"')}${element('task-id="T2" when-hidden="normal"')}`,
      { tasks: { T1: young.running, T2: young.running } },
    );
    await driven.open();
    await driven.until(() => driven.calls.length === 2);
    await driven.look("hidden");
    await driven.pass(12_000);
    const asked = (task) => driven.calls.filter((call) => call.endsWith(pathOf(task))).length;
    assert.equal(asked("T1"), 1);
    assert.ok(asked("T2") > 1);
    await driven.look("visible");
    await driven.pass(100, 100);
    assert.equal(asked("T1"), 2);
    driven.clean();
  });
});
