// What an element says is so: of states, of how far a task may be, of time, of earlier runs.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { began, element, openDriven, openTask, pathOf, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

describe("what is not known", { concurrency: true }, () => {
  test("is a state in Anaplan's own word, and watched on", async (t) => {
    const driven = await openTask(t, browser, ({ calls }) =>
      calls < 3 ? young.unknown : young.succeeded,
    );
    await driven.open();
    const { state, bar } = await driven.shown();
    assert.equal(state, "Not known: “CONSOLIDATING”");
    assert.equal(bar.now, null);
    await driven.pass(20_000);
    assert.equal((await driven.shown()).state, "Succeeded");
    driven.clean();
  });

  test("is how far it is, where Anaplan does not say", async (t) => {
    const driven = await openTask(t, browser, young.unmeasured);
    await driven.open();
    const { bar, state } = await driven.shown();
    assert.deepEqual(
      [state, bar],
      ["Running", { now: null, text: null, ratio: 0, isEstimate: false }],
    );
    assert.equal(
      await driven.page.evaluate(() =>
        document.querySelector("anaplan-task-status").shadowRoot.querySelector("[part=percent]"),
      ),
      null,
    );
    driven.clean();
  });

  test("is whether it goes on, where a client of the page's own asks no more", async (t) => {
    const driven = await openDriven(t, browser, "<anaplan-task-status></anaplan-task-status>", {
      tasks: { T1: young.running },
      ready: () => document.querySelector("anaplan-task-status").error !== undefined,
    });
    await driven.open();
    await driven.run(async (path) => {
      const { connect } = await import("/index.js");
      globalThis.own = await connect({ baseUrl: "/anaplan" });
      document.querySelector("anaplan-task-status").task = own.task(path);
    }, pathOf("T1"));
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "Running");
    await driven.run(() => globalThis.own.close());
    await driven.pass(30_000, 3_000);
    const { state, checked, time } = await driven.shown();
    assert.equal(state, "Running when last asked");
    assert.match(checked, /^Last checked 3\ds ago$/);
    assert.equal(time, "0s", "it is not said to have gone on");
    driven.clean();
  });
});

describe("time", { concurrency: true }, () => {
  test("goes on by itself, each second, and not while nobody looks or all is over", async (t) => {
    let answer = { ...young.running, creationTime: began - 3_600_500 };
    const driven = await openTask(t, browser, () => answer);
    await driven.open();
    const updates = () => driven.page.evaluate(() => globalThis.updates);
    await driven.run(() => {
      globalThis.updates = 0;
      const element = document.querySelector("anaplan-task-status");
      const { performUpdate } = element;
      element.performUpdate = function () {
        globalThis.updates++;
        return performUpdate.call(this);
      };
    });
    const ages = [];
    for (let i = 0; i < 3; i++) {
      ages.push((await driven.shown()).checked.split(",")[0]);
      await driven.pass(1_000);
    }
    assert.deepEqual(ages, ["Checked just now", "Checked 1s ago", "Checked 2s ago"]);
    assert.equal((await driven.shown()).time, "1h 00m");
    assert.equal(driven.calls.length, 1, "time is not Anaplan's to tell");
    assert.equal(await updates(), 3);
    await driven.look("hidden");
    const before = await updates();
    await driven.pass(10_000, 5_000);
    assert.equal(await updates(), before);
    // At once, and not with the answer that is asked for then.
    const told = await driven.run(async () => {
      const before = globalThis.updates;
      globalThis.driven.look("visible");
      await document.querySelector("anaplan-task-status").updateComplete;
      return globalThis.updates - before;
    });
    assert.equal(told, 1, "whoever comes back sees what was then");
    answer = young.succeeded;
    await driven.pass(60_000, 5_000);
    assert.equal((await driven.shown()).state, "Succeeded");
    const { length } = driven.calls;
    const last = await updates();
    await driven.pass(60_000, 10_000);
    assert.deepEqual([await updates(), driven.calls.length], [last, length]);
    driven.clean();
  });

  test("since the last answer grows also where the page has stopped the element", async (t) => {
    const driven = await openTask(t, browser, young.running);
    await driven.open();
    await driven.run(() => document.querySelector("anaplan-task-status").stop());
    await driven.pass(20_000, 5_000);
    const { state, checked } = await driven.shown();
    assert.equal(state, "Running when last asked");
    assert.equal(checked, "Last checked 20s ago. No longer followed.");
    assert.equal(driven.calls.length, 1);
    driven.clean();
  });
});

describe("earlier runs", { concurrency: true }, () => {
  const path = "/workspaces/W1/models/M1/exports/E1";
  const store = (kept) => `localStorage.setItem("anaplan-tasks ${path}", ${JSON.stringify(kept)});`;
  const keys = (driven) => driven.page.evaluate(() => ({ ...localStorage }));

  test("say what it usually takes, on a bar that never says that it is over", async (t) => {
    const durations = JSON.stringify([240_000, 240_000, 240_000]);
    const driven = await openTask(t, browser, young.unmeasured, "", { script: store(durations) });
    await driven.open();
    await driven.pass(60_000, 4_000);
    const { bar, expectation } = await driven.shown();
    assert.equal(expectation, "usually about 4 min");
    assert.deepEqual([bar.now, bar.isEstimate], [null, true]);
    assert.ok(bar.ratio > 0.2 && bar.ratio < 0.3, `${bar.ratio}`);
    assert.match(bar.text, /^about 2\d%, by earlier runs; usually about 4 min$/);
    await driven.pass(176_000, 4_000);
    const late = await driven.shown();
    assert.deepEqual([late.bar.isEstimate, late.bar.ratio, late.bar.now], [true, 0.95, null]);
    assert.equal(late.state, "Running");
    const striped = await driven.page.evaluate(() => {
      const fill = document.querySelector("anaplan-task-status").shadowRoot.querySelector(".fill");
      return getComputedStyle(fill).backgroundImage;
    });
    assert.match(striped, /gradient/);
    driven.clean();
  });

  test("leave nothing but how long they took, as far as that is wanted", async (t) => {
    for (const attributes of ["", "no-history"]) {
      let answer = young.running;
      const driven = await openTask(t, browser, () => answer, attributes);
      await driven.open();
      await driven.pass(20_000, 2_000);
      answer = young.succeeded;
      await driven.pass(10_000, 2_000);
      assert.equal((await driven.shown()).state, "Succeeded");
      const kept = await keys(driven);
      if (attributes) assert.deepEqual(kept, {});
      else {
        const [[key, value]] = Object.entries(kept);
        assert.deepEqual([Object.keys(kept).length, key], [1, `anaplan-tasks ${path}`]);
        assert.ok(
          JSON.parse(value).every((one) => one > 15_000 && one < 30_000),
          value,
        );
      }
      driven.clean();
    }
  });

  test("are not read where they are not wanted", async (t) => {
    const script = store("[240000,240000,240000]");
    const driven = await openTask(t, browser, young.unmeasured, "no-history", { script });
    await driven.open();
    await driven.pass(10_000);
    const { expectation, bar } = await driven.shown();
    assert.deepEqual([expectation, bar.isEstimate], [undefined, false]);
    driven.clean();
  });

  test("are kept for those who want it where others do not, by one client and one question", async (t) => {
    const other = path.replace("E1", "E2");
    const both = ["", "no-history"].map((attributes) => element(`task-id="T1" ${attributes}`));
    const alone = element('task-id="T2" no-history').replace('"E1"', '"E2"');
    let answer = young.running;
    const driven = await openDriven(t, browser, [...both, alone].join(""), {
      tasks: { T1: () => answer },
      answer: ({ path }) => (path === `${other}/tasks/T2` ? answer : undefined),
    });
    await driven.open();
    await driven.pass(4_000, 1_000);
    assert.deepEqual(driven.calls.sort(), [`GET ${path}/tasks/T1`, `GET ${other}/tasks/T2`]);
    answer = young.succeeded;
    await driven.pass(20_000, 2_000);
    const { [`anaplan-tasks ${path}`]: kept, ...rest } = await keys(driven);
    assert.deepEqual([JSON.parse(kept).length, rest], [1, {}]);
    driven.clean();
  });

  test("are kept as long as somebody wants it, whoever came first", async (t) => {
    const [wanting, other] = ["", "no-history"].map((name) => element(`task-id="T1" ${name}`));
    const changes = [
      [other, (html) => document.body.insertAdjacentHTML("beforeend", html), 2],
      [wanting + other, () => document.querySelector("anaplan-task-status").remove(), 1],
    ];
    for (const [body, change, length] of changes) {
      let answer = young.running;
      const driven = await openDriven(t, browser, body, {
        tasks: { T1: () => answer },
        script: store("[600000]"),
      });
      await driven.open();
      await driven.pass(4_000, 1_000);
      await driven.run(change, wanting);
      await driven.pass(4_000, 1_000);
      answer = young.succeeded;
      await driven.pass(20_000, 2_000);
      assert.equal((await driven.shown()).state, "Succeeded");
      const durations = JSON.parse((await keys(driven))[`anaplan-tasks ${path}`]);
      assert.deepEqual([durations.length, durations[0]], [length, 600_000]);
      driven.clean();
    }
  });

  const stores = {
    "no JSON": store("{"),
    "no list": store('{"a":1}'),
    null: store("null"),
    "a list of anything": store('[null,"x",{},-5,1e999,0]'),
    "one that throws": `Object.defineProperty(window, "localStorage", { get() { throw new DOMException("no", "SecurityError"); } });`,
    "one that is full": `Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };`,
  };
  test("that are kept badly do no harm", async (t) => {
    for (const script of Object.values(stores)) {
      let answer = young.unmeasured;
      const driven = await openTask(t, browser, () => answer, "", { script });
      await driven.open();
      await driven.pass(10_000, 2_000);
      const { state, bar } = await driven.shown();
      assert.deepEqual([state, bar.isEstimate], ["Running", false], script);
      answer = young.succeeded;
      await driven.pass(10_000, 2_000);
      assert.equal((await driven.shown()).state, "Succeeded", script);
      driven.clean();
    }
  });
});
