// What is followed: one question for all elements that show a task, and none for those that are gone.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import {
  began,
  element,
  ids,
  isDefined,
  keep,
  openDriven,
  pathOf,
  said,
  tasksPath,
  young,
} from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

const get = (task) => `GET ${pathOf(task)}`;
const remove = () => document.querySelector("anaplan-task-status").remove();

describe("following", { concurrency: true }, () => {
  test("fifty elements for a task ask once, by one client, and all are told", async (t) => {
    const body = Array.from({ length: 50 }, () => element('task-id="T1"')).join("");
    const other = element('task-id="T1"').replace('"/anaplan"', '"/anaplan/other"');
    const driven = await openDriven(t, browser, body + other, {
      tasks: { T1: ({ calls }) => (calls < 3 ? young.running : young.succeeded) },
      answer: ({ path }) => (path.startsWith("/other/") ? young.running : undefined),
    });
    await driven.open();
    const asked = () => driven.calls.filter((call) => call === get("T1")).length;
    // Which of the two is first is nobody's to say.
    await driven.until(() => driven.calls.length > 1);
    assert.equal(asked(), 1);
    assert.deepEqual((await driven.clients())[0].sort(), ["/anaplan", "/anaplan/other"]);
    await driven.pass(4_000);
    assert.equal(asked(), 1, "asked twice within five seconds");
    await driven.pass(3_000);
    assert.equal(asked(), 2);
    await driven.pass(20_000);
    assert.equal(asked(), 3, "what is over is asked for no more");
    const done = await driven.events("anaplan-done");
    assert.equal(done.length, 50);
    // Only the other gateway's is still at it.
    assert.equal((await driven.shown("anaplan-task-status:last-of-type")).state, "Running");
    driven.clean();
  });

  test("an element that is removed asks no more, and its client goes after five seconds", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.run(remove);
    await driven.pass(4_900, 700);
    assert.deepEqual(await driven.clients(), [["/anaplan"], []]);
    await driven.pass(200, 200);
    assert.deepEqual(await driven.clients(), [["/anaplan"], ["/anaplan"]]);
    await driven.pass(300_000, 10_000);
    assert.deepEqual(driven.calls, [get("T1")]);
    driven.clean();
  });

  test("an element that is removed while it retries asks no more, even where it was refreshed", async (t) => {
    const driven = await openDriven(t, browser, "", {
      tasks: { T1: { http: 503 } },
      ready: isDefined,
    });
    await driven.open();
    await driven.run(keep, element('task-id="T1"'));
    const asksNoMore = async () => {
      const { length } = driven.calls;
      await driven.pass(300_000, 10_000);
      assert.equal(driven.calls.length, length);
    };
    // While the client tries again.
    await driven.until(async () => (await driven.shown()).error);
    await driven.run(() => {
      globalThis.refreshed = kept.refresh();
      kept.remove();
    });
    await asksNoMore();
    await driven.page.evaluate(() => globalThis.refreshed);
    // While the element waits, once the client has given up.
    await driven.run(() => document.body.append(kept));
    await driven.until(async () => {
      await driven.pass(1_000);
      return /Retrying in (29|30)s/.test((await driven.shown()).trouble);
    });
    await driven.run(() => kept.remove());
    await asksNoMore();
    // Of what is not in the page, a refresh asks nothing either.
    await driven.run(() => kept.refresh());
    await driven.run((html) => {
      document.body.insertAdjacentHTML("beforeend", html);
      const element = document.querySelector("anaplan-task-status");
      element.remove();
      return element.refresh();
    }, element('task-id="T2"'));
    await asksNoMore();
    driven.clean();
  });

  test("an element that comes back within five seconds asks nothing anew", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.run(() =>
      (globalThis.kept = document.querySelector("anaplan-task-status")).remove(),
    );
    await driven.pass(3_000);
    await driven.run(() => document.body.append(globalThis.kept));
    assert.equal((await driven.shown()).state, "Running");
    await driven.pass(1_500, 500);
    assert.deepEqual(driven.calls, [get("T1")]);
    assert.deepEqual(await driven.clients(), [["/anaplan"], []]);
    await driven.pass(3_000);
    assert.equal(driven.calls.length, 2);
    driven.clean();
  });

  test("an element that comes back later can do what it could, and tells of the end once", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
    });
    await driven.open();
    await driven.run(() =>
      (globalThis.kept = document.querySelector("anaplan-task-status")).remove(),
    );
    await driven.pass(6_000);
    await driven.run(() => document.body.append(globalThis.kept));
    await driven.until(async () => (await driven.shown()).state === "Succeeded");
    assert.deepEqual((await driven.clients())[0], ["/anaplan", "/anaplan"]);
    const { length } = driven.calls;
    await driven.click("Download");
    await driven.pass(1_000);
    assert.ok(driven.calls.length > length, "the button speaks to a client that is closed");
    assert.equal((await driven.events("anaplan-done")).length, 1);
    driven.clean();
  });

  test("an element whose task is `undefined`, as frameworks leave it, comes back, too", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.running },
    });
    await driven.open();
    await driven.run(async () => {
      globalThis.kept = document.querySelector("anaplan-task-status");
      kept.task = undefined;
      await kept.updateComplete;
      kept.remove();
    });
    await driven.pass(6_000);
    await driven.run(() => document.body.append(globalThis.kept));
    await driven.until(() => driven.calls.length === 2);
    assert.equal((await driven.shown()).state, "Running");
    driven.clean();
  });

  test("an element that is moved keeps its state and its question, and asks nothing", async (t) => {
    const body = `${element('task-id="T1" cancelable')}<section></section>`;
    const driven = await openDriven(t, browser, body, { tasks: { T1: young.running } });
    await driven.open();
    await driven.click("Cancel");
    const isAsked = async () => {
      await driven.settle();
      const { question, state } = await driven.shown();
      assert.match(question, /Ask Anaplan to cancel this task\?/);
      assert.equal(state, "Running");
    };
    await driven.run(() =>
      document.querySelector("section").append(document.querySelector("anaplan-task-status")),
    );
    await isAsked();
    await driven.run(() => {
      const section = document.querySelector("section");
      section.parentNode.insertBefore(section.firstChild, section);
    });
    await isAsked();
    // Where the platform keeps the focus, it stays where it was.
    const kept = await driven.run(() => {
      const element = document.querySelector("anaplan-task-status");
      element.shadowRoot.querySelector("#keep").focus();
      const section = document.querySelector("section");
      if (!section.moveBefore) return "keep";
      section.moveBefore(element, null);
      return element.shadowRoot.activeElement?.id;
    });
    await isAsked();
    assert.equal(kept, "keep");
    await driven.pass(2_000);
    assert.deepEqual(driven.calls, [get("T1")]);
    assert.deepEqual(await driven.clients(), [["/anaplan"], []]);
    assert.equal((await driven.events("anaplan-status")).length, 1);
    driven.clean();
  });

  test("an element looks and goes on as it did in a window of the page's own", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"') + "<iframe></iframe>", {
      tasks: { T1: ({ calls }) => (calls < 2 ? young.running : young.succeeded) },
    });
    await driven.open();
    await driven.pass(1_000);
    const look = () =>
      driven.run(() => {
        const [{ contentDocument: there }] = document.getElementsByTagName("iframe");
        const status =
          there.querySelector("anaplan-task-status") ??
          document.querySelector("anaplan-task-status");
        const { borderRadius, display } = getComputedStyle(
          status.shadowRoot.querySelector(".card"),
        );
        return {
          phase: status.status.phase,
          borderRadius,
          display,
          isThere: status.ownerDocument === there,
        };
      });
    const before = await look();
    assert.notEqual(before.borderRadius, "0px");
    await driven.run(() => {
      const { contentDocument } = document.querySelector("iframe");
      contentDocument.body.append(document.querySelector("anaplan-task-status"));
    });
    assert.deepEqual(await look(), { ...before, isThere: true });
    await driven.pass(10_000);
    assert.equal((await look()).phase, "succeeded");
    await driven.run(() => {
      const { contentDocument } = document.querySelector("iframe");
      document.body.append(contentDocument.querySelector("anaplan-task-status"));
    });
    assert.deepEqual(await look(), { ...before, phase: "succeeded" });
    driven.clean();
  });

  test("attributes that change in one turn open once", async (t) => {
    const driven = await openDriven(t, browser, "<anaplan-task-status></anaplan-task-status>", {
      tasks: { T1: young.running, T2: young.running },
      ready: () => document.querySelector("anaplan-task-status").error !== undefined,
    });
    await driven.open();
    const set = (attributes) =>
      driven.run((attributes) => {
        const element = document.querySelector("anaplan-task-status");
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      }, attributes);
    const model = { "workspace-id": "W1", "model-id": "M1" };
    await set({ "task-id": "T1", "export-id": "E1", ...model, "base-url": "/anaplan" });
    await driven.until(() => driven.calls.length);
    await driven.pass(1_000);
    await set({ "export-id": "E2", "model-id": "M2" });
    await set({ "export-id": "E1", "model-id": "M1", "task-id": "T2" });
    await driven.pass(1_000);
    const other = "GET /workspaces/W1/models/M2/exports/E2/tasks/T1";
    assert.deepEqual(driven.calls, [get("T1"), other, get("T2")]);
    assert.deepEqual((await driven.clients())[0], ["/anaplan"]);
    driven.clean();
  });

  test("another task is shown without a trace of the one before", async (t) => {
    const remark = { type: "notAuthorised", localMessageText: "No access.", values: null };
    const driven = await openDriven(t, browser, element('task-id="T1" cancelable download'), {
      tasks: {
        T1: { ...young.failed, result: { successful: false, details: [remark] } },
        T2: undefined,
        T3: young.running,
        T4: young.succeeded,
        T5: ({ method }) => (method === "DELETE" ? { http: 403 } : young.running),
        T6: { ...young.failed, result: undefined },
        held: () => undefined,
      },
      lists: { E1: () => undefined },
    });
    await driven.open();
    const show = (task) =>
      driven.run((task) => (document.querySelector("anaplan-task-status").taskId = task), task);
    const seen = async (task) => {
      await show(task);
      await driven.pass(1_000);
      return driven.shown();
    };
    const blank = async () => {
      const { name, state, task, buttons, ...rest } = await seen("held");
      assert.deepEqual([name, state, task], ["Export E1", "Asking …", "Task held"]);
      assert.deepEqual([buttons, rest], [[], { files: [], bar: null, error: undefined }]);
    };
    assert.match((await driven.shown()).reasons, /No access/);
    assert.ok((await driven.shown()).hint, "there is no hint to be forgotten");
    await blank();
    // It has a place for one.
    const { reasons, hint } = await seen("T6");
    assert.deepEqual([Boolean(reasons), hint], [true, undefined]);
    await seen("T3");
    await driven.click("Cancel");
    assert.ok((await driven.shown()).question);
    await blank();
    await seen("T4");
    await driven.click("Download");
    await driven.pass(1_000);
    assert.equal((await driven.shown()).files.length, 1);
    await blank();
    await seen("T5");
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(1_000);
    assert.match((await driven.shown()).note, /could not be sent/);
    await blank();
    // Nor while the newest is looked for.
    await seen("T4");
    const { state, task } = await seen(null);
    assert.deepEqual([state, task], ["Asking …", undefined]);
    driven.clean();
  });
});

describe("what is given", { concurrency: true }, () => {
  test("a task may be a reference, a path, an address", async (t) => {
    const body = Array.from(
      { length: 3 },
      (_, i) => `<anaplan-task-status id="e${i}" base-url="/anaplan"></anaplan-task-status>`,
    ).join("");
    const driven = await openDriven(t, browser, body, {
      tasks: { T1: young.running, T2: young.waiting, T3: young.succeeded },
      ready: () => document.querySelector("#e2").error !== undefined,
    });
    await driven.open();
    const path = (task) => `/workspaces/W1/models/M1/exports/E1/tasks/${task}`;
    await driven.run(
      ([path, url]) => {
        const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };
        document.querySelector("#e0").task = ref;
        document.querySelector("#e1").task = path;
        document.querySelector("#e2").task = url;
      },
      [path("T2"), `https://api.anaplan.com/2/0${path("T3")}`],
    );
    await driven.until(() => driven.calls.length === 3);
    await driven.pass(1_000);
    const states = [];
    for (const id of ["#e0", "#e1", "#e2"]) states.push((await driven.shown(id)).state);
    assert.deepEqual(states, ["Running", "Waiting", "Succeeded"]);
    driven.clean();
  });

  test("a client of the page's own is used as it is, and left open", async (t) => {
    const body = '<anaplan-task-status id="a"></anaplan-task-status>';
    const driven = await openDriven(t, browser, body, {
      tasks: { T1: young.running, T2: young.running },
      ready: () => document.querySelector("#a").error !== undefined,
    });
    await driven.open();
    await driven.run(async () => {
      const { connect } = await import("/index.js");
      globalThis.own = await connect({ baseUrl: "/anaplan" });
      const element = document.querySelector("#a");
      const model = { workspaceId: "W1", modelId: "M1" };
      Object.assign(element, { ...model, exportId: "E1", taskId: "T1", client: own });
    });
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "Running");
    await driven.run(() => document.querySelector("#a").remove());
    await driven.pass(10_000, 5_000);
    assert.deepEqual(await driven.clients(), [["/anaplan"], []]);
    assert.deepEqual(driven.calls, [get("T1")]);
    // And it still works.
    await driven.run(() => {
      const element = document.createElement("anaplan-task-status");
      const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T2" };
      document.body.append(element);
      element.task = own.task(ref);
    });
    await driven.pass(1_000);
    assert.deepEqual(driven.calls.slice(1), [get("T2")]);
    assert.equal((await driven.shown()).state, "Running");
    driven.clean();
  });

  test("tasks of two clients of the page's own are not taken for one", async (t) => {
    const body = '<anaplan-task-status id="a"></anaplan-task-status>'
      .repeat(2)
      .replace('"a"', '"b"');
    const driven = await openDriven(t, browser, body, {
      tasks: { T1: young.running },
      ready: () => document.querySelector("#a").error !== undefined,
    });
    await driven.open();
    await driven.run(async () => {
      const { connect } = await import("/index.js");
      const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };
      const clients = [
        await connect({ baseUrl: "/anaplan" }),
        await connect({ baseUrl: "/anaplan" }),
      ];
      document.querySelector("#b").task = clients[0].task(ref);
      document.querySelector("#a").task = clients[1].task(ref);
      globalThis.first = clients[0];
    });
    await driven.pass(1_000);
    await driven.run(() => globalThis.first.close());
    const { length } = driven.calls;
    await driven.pass(10_000);
    assert.ok(driven.calls.length > length, "nobody is asked for the one whose client is open");
    driven.clean();
  });

  test("an address that is none does no harm to another that looks like it", async (t) => {
    const right = element('task-id="T1"').replace(">", ' id="right">');
    const body = right.replace("right", "wrong").replace("/anaplan", "anaplan") + right;
    const driven = await openDriven(t, browser, body, { tasks: { T1: young.running } });
    await driven.open();
    await driven.until(async () => (await driven.shown("#right")).state === "Running");
    assert.equal((await driven.shown("#wrong")).error, "INVALID_ARGUMENT");
    driven.clean();
  });

  const wrong = [
    ["nothing", "", "Which task to show is not said."],
    ["no workspace", 'model-id="M1" export-id="E1" task-id="T1"', "`workspace-id` is missing"],
    ["no model", 'workspace-id="W1" export-id="E1"', "`model-id` is missing"],
    ["no action", `${ids} task-id="T1"`, "one of `export-id`, `import-id`, `process-id`"],
    ["two actions", `${ids} export-id="E1" process-id="P1"`, "one of `export-id`, `process-id`"],
    ["no address", `${ids} export-id="E1" task-id="T1" base-url=""`, "`base-url` is missing"],
    ["an address of ftp", `${ids} export-id="E1" task-id="T1" base-url="ftp://x/"`, "baseUrl"],
    ["no address at all", `${ids} export-id="E1" task-id="T1" base-url="http://["`, "baseUrl"],
    ["an id with a space", `${ids} export-id="E1" task-id="T 1"`, "taskId"],
    ["an id that leads elsewhere", `${ids} export-id="../x" task-id="T1"`, "exportId"],
    ["an action's id that is none", `${ids} export-id="E 1"`, "exportId"],
  ];

  test("what is given wrongly is told of once, by name, and asks nothing", async (t) => {
    const body = wrong.map(([, attributes], i) => {
      const base = attributes.includes("base-url") ? "" : 'base-url="/anaplan"';
      return `<anaplan-task-status id="w${i}" ${base} ${attributes}></anaplan-task-status>`;
    });
    const driven = await openDriven(t, browser, body.join(""), {
      ready: () =>
        [...document.querySelectorAll("anaplan-task-status")].every(({ error }) => error),
    });
    await driven.open();
    await driven.pass(120_000, 10_000);
    for (const [i, [what, , text]] of wrong.entries()) {
      const { trouble, error, buttons, checked } = await driven.shown(`#w${i}`);
      assert.equal(error, "INVALID_ARGUMENT", what);
      assert.ok(trouble.includes(text), `${what}: ${trouble}`);
      assert.deepEqual([buttons, checked], [[], undefined], what);
    }
    const errors = await driven.events("anaplan-error");
    assert.deepEqual(errors.map(({ id }) => id).sort(), wrong.map((_, i) => `w${i}`).sort());
    assert.ok(errors.every(({ isError, isWhole }) => isError && isWhole));
    assert.deepEqual(driven.calls, []);
    // Another mistake is another error.
    await driven.run(() => (document.querySelector("#w0").task = 42));
    assert.match((await driven.shown("#w0")).trouble, /`task` is no reference/);
    assert.equal((await driven.events("anaplan-error")).length, wrong.length + 1);
    driven.clean();
  });
});
