// What an element says is so: of a cancel, of what it cannot ask, of how far a task may be.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { began, element, openDriven, pathOf, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

const isDelete = (call) => call.startsWith("DELETE");
const failing = (t, answer, attributes = "", options = {}) =>
  openDriven(t, browser, element(`task-id="T1" ${attributes}`), {
    tasks: { T1: answer },
    ...options,
  });

describe("a cancel", { concurrency: true }, () => {
  const cancelling = (driven, then) => async () => {
    await driven.open();
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(...then);
  };

  test("is under way until the server says otherwise, which may be that it finished", async (t) => {
    let answer = young.running;
    const driven = await failing(t, () => answer, "cancelable");
    await driven.open();
    await driven.pass(6_000);
    answer = young.cancelling;
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(1_000);
    const { state, note, question } = await driven.shown();
    assert.equal(state, "Cancelling");
    assert.match(note, /has been asked to cancel\. It may still finish/);
    assert.equal(question, undefined);
    await driven.pass(30_000, 2_000);
    assert.equal((await driven.shown()).state, "Cancelling");
    answer = young.succeeded;
    await driven.pass(40_000, 2_000);
    const late = await driven.shown();
    assert.deepEqual(
      [late.state, late.note],
      ["Succeeded", "The cancel came too late: it finished all the same."],
    );
    assert.equal(driven.calls.filter(isDelete).length, 1);
    driven.clean();
  });

  test("that finds the task finished came too late", async (t) => {
    const driven = await failing(
      t,
      ({ method, calls }) =>
        method === "DELETE" ? { http: 404 } : calls < 2 ? young.running : young.succeeded,
      "cancelable",
    );
    await cancelling(driven, [7_000])();
    const { state, note } = await driven.shown();
    assert.deepEqual(
      [state, note],
      ["Succeeded", "The cancel came too late: it finished all the same."],
    );
    driven.clean();
  });

  test("that Anaplan answers by a state that is no end is not taken for one", async (t) => {
    const driven = await failing(
      t,
      ({ method }) => (method === "DELETE" ? young.cancelled : young.running),
      "cancelable",
    );
    await cancelling(driven, [1_000])();
    assert.equal((await driven.shown()).state, "Cancelling");
    assert.deepEqual(await driven.events("anaplan-done"), []);
    driven.clean();
  });

  test("that changes nothing is told of", async (t) => {
    const driven = await failing(
      t,
      ({ method }) => (method === "DELETE" ? { http: 409 } : young.running),
      "cancelable",
    );
    await driven.open();
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.until(async () => {
      await driven.pass(2_000);
      const { note } = await driven.shown();
      return note && !note.startsWith("Asking");
    });
    const { state, note, buttons } = await driven.shown();
    assert.deepEqual([state, buttons], ["Running", ["Cancel"]]);
    assert.equal(note, "Anaplan did not take the cancel: the task runs on.");
    assert.ok((await driven.heard()).at(-1).includes(note));
    // And can be asked for again, once that is known.
    await driven.click("Cancel");
    assert.ok((await driven.shown()).question);
    driven.clean();
  });

  test("that is refused says why, and may be tried again", async (t) => {
    let http = 403;
    const driven = await failing(
      t,
      ({ method }) => (method === "GET" ? young.running : http ? { http } : young.cancelling),
      "cancelable",
    );
    await cancelling(driven, [1_000])();
    const { state, note } = await driven.shown();
    assert.equal(state, "Running");
    assert.match(note, /^The cancel could not be sent\. .*403/);
    assert.match((await driven.heard())[0], /^status: Export E1: The cancel could not be sent/);
    assert.deepEqual(
      (await driven.events("anaplan-error")).map(({ code }) => code),
      ["FORBIDDEN"],
    );
    http = 0;
    await driven.click("Cancel");
    assert.equal((await driven.shown()).note, undefined);
    await driven.click("Cancel the task");
    await driven.pass(1_000);
    assert.equal((await driven.shown()).state, "Cancelling");
    driven.clean();
  });

  test("can be kept from being sent by the page, and by the person", async (t) => {
    const driven = await failing(t, young.running, "cancelable");
    await driven.open();
    await driven.run(() =>
      addEventListener("anaplan-before-cancel", (event) => event.preventDefault(), { once: true }),
    );
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(1_000);
    let shown = await driven.shown();
    assert.deepEqual([shown.state, shown.note, shown.question], ["Running", undefined, undefined]);
    assert.equal(
      await driven.page.evaluate(() => document.activeElement.shadowRoot.activeElement.id),
      "cancel",
    );
    await driven.click("Cancel");
    await driven.click("Let it run");
    assert.equal((await driven.shown()).question, undefined);
    assert.deepEqual(
      (await driven.events("anaplan-before-cancel")).map(({ task }) => task),
      ["T1"],
    );
    assert.deepEqual(driven.calls.filter(isDelete), []);
    driven.clean();
  });

  test("by a program needs no question, and is sent once, also where the element leaves", async (t) => {
    let answer;
    const driven = await failing(t, ({ method }) =>
      method === "DELETE" ? new Promise((resolve) => (answer = resolve)) : young.running,
    );
    await driven.open();
    const given = driven.page.evaluate(() => {
      const element = document.querySelector("anaplan-task-status");
      const both = Promise.allSettled([element.cancel(), element.cancel()]);
      element.remove();
      return both.then((both) => both.map(({ status }) => status));
    });
    await driven.until(() => answer);
    await driven.pass(8_000);
    assert.deepEqual(await driven.clients(), [["/anaplan"], []], "closed under a cancel");
    answer(young.cancelling);
    assert.deepEqual(await given, ["fulfilled", "fulfilled"]);
    await driven.pass(60_000, 4_000);
    assert.deepEqual(await driven.clients(), [["/anaplan"], ["/anaplan"]]);
    assert.equal(driven.calls.filter(isDelete).length, 1);
    driven.clean();
  });
});

describe("what cannot be asked for", { concurrency: true }, () => {
  test("is as it was last, with when that was and when it is tried again", async (t) => {
    let answer = young.running;
    const driven = await failing(t, () => answer);
    await driven.open();
    answer = { http: 503 };
    await driven.pass(8_000);
    const { state, trouble, checked, buttons, bar, error } = await driven.shown();
    assert.deepEqual([state, error, buttons], ["Running when last asked", "SERVER", ["Retry"]]);
    assert.match(trouble, /^Could not ask\. .*503.* Retrying in \d+s\.$/);
    assert.match(checked, /^Last checked [78]s ago$/);
    assert.equal(bar.now, "42");
    // The client gives up in the end; the element tries again after half a minute, then after more.
    const asked = async (ms) => {
      const { length } = driven.calls;
      await driven.pass(ms, 1_000);
      return driven.calls.length - length;
    };
    await driven.until(async () => {
      await driven.pass(1_000);
      return /Retrying in (29|30)s/.test((await driven.shown()).trouble);
    });
    assert.equal(await asked(27_000), 0);
    assert.ok((await asked(4_000)) > 0);
    await driven.until(async () => {
      await driven.pass(1_000);
      return /Retrying in (1 min|1m|5\ds|60s)/.test((await driven.shown()).trouble);
    });
    // All of it is one trouble.
    assert.deepEqual(
      (await driven.events("anaplan-error")).map(({ code, isError }) => [code, isError]),
      [["SERVER", true]],
    );
    assert.equal((await driven.heard()).length, 1);
    answer = young.running;
    await driven.click("Retry");
    const after = await driven.shown();
    assert.deepEqual([after.state, after.trouble, after.error], ["Running", undefined, undefined]);
    // What fails then is another one.
    answer = { http: 503 };
    await driven.pass(30_000);
    assert.equal((await driven.events("anaplan-error")).length, 2);
    driven.clean();
  });

  test("is asked for at once when the network is back", async (t) => {
    let answer = young.running;
    const driven = await failing(t, () => answer);
    await driven.open();
    answer = { drop: true };
    await driven.until(async () => {
      await driven.pass(1_000);
      return /Retrying in (29|30)s/.test((await driven.shown()).trouble);
    });
    await driven.pass(6_000);
    const { length } = driven.calls;
    answer = young.running;
    await driven.run(() => dispatchEvent(new Event("online")));
    await driven.pass(100, 100);
    assert.equal(driven.calls.length, length + 1);
    assert.equal((await driven.shown()).state, "Running");
    assert.deepEqual(
      (await driven.events("anaplan-error")).map(({ code }) => code),
      ["NETWORK"],
    );
    driven.clean();
  });

  test("while the device is offline is said to be that", async (t) => {
    let answer = young.running;
    const driven = await failing(t, () => answer);
    await driven.open();
    answer = { drop: true };
    await driven.run(() =>
      Object.defineProperty(navigator, "onLine", { get: () => false, configurable: true }),
    );
    await driven.pass(10_000);
    assert.match((await driven.shown()).trouble, /^Could not ask\. This device is offline\./);
    driven.clean();
  });

  test("for 429 is retried when Anaplan says", async (t) => {
    let answer = { http: 429, headers: { "Retry-After": "20" } };
    const driven = await failing(t, () => answer);
    await driven.open();
    await driven.pass(1_000);
    const { state, trouble, checked } = await driven.shown();
    assert.deepEqual([state, checked], ["Not known", "Not reached yet"]);
    assert.match(trouble, /429.* Retrying in \d+s\./);
    answer = young.running;
    await driven.pass(18_000);
    assert.equal(driven.calls.length, 1);
    await driven.pass(8_000);
    assert.equal((await driven.shown()).state, "Running");
    driven.clean();
  });

  for (const [http, code] of [
    [401, "UNAUTHORIZED"],
    [403, "FORBIDDEN"],
    [404, "NOT_FOUND"],
  ]) {
    test(`for ${http} waits for somebody`, async (t) => {
      let answer = { http };
      const driven = await failing(t, () => answer);
      await driven.open();
      await driven.until(async () => {
        await driven.pass(1_000);
        const { trouble } = await driven.shown();
        return trouble && !/Retrying/.test(trouble);
      });
      const { state, trouble, buttons, error } = await driven.shown();
      assert.deepEqual([state, buttons, error], ["Not known", ["Retry"], code]);
      assert.ok(trouble.includes(String(http)), trouble);
      assert.equal(trouble.includes("Sign in again, then retry."), http === 401);
      const { length } = driven.calls;
      await driven.pass(600_000, 20_000);
      assert.equal(driven.calls.length, length);
      answer = young.running;
      await driven.click("Retry");
      await driven.pass(100, 100);
      assert.equal((await driven.shown()).state, "Running");
      assert.equal((await driven.events("anaplan-error")).length, 1);
      driven.clean();
    });
  }

  test("is followed again after a retry by hand that came as the client gave up", async (t) => {
    let answer = young.running;
    const driven = await failing(t, () => answer);
    await driven.open();
    answer = { http: 503 };
    await driven.pass(8_000);
    await driven.click("Retry");
    await driven.until(async () => {
      await driven.pass(1_000);
      return driven.calls.length >= 6;
    });
    answer = young.running;
    await driven.pass(20_000);
    const { length } = driven.calls;
    await driven.pass(60_000, 2_000);
    assert.equal((await driven.shown()).state, "Running");
    assert.ok(driven.calls.length > length, "nobody asks any more");
    driven.clean();
  });
});

describe("what is not known", { concurrency: true }, () => {
  test("is a state in Anaplan's own word, and watched on", async (t) => {
    const driven = await failing(t, ({ calls }) => (calls < 3 ? young.unknown : young.succeeded));
    await driven.open();
    const { state, bar } = await driven.shown();
    assert.equal(state, "Not known: “CONSOLIDATING”");
    assert.equal(bar.now, null);
    await driven.pass(20_000);
    assert.equal((await driven.shown()).state, "Succeeded");
    driven.clean();
  });

  test("is how far it is, where Anaplan does not say", async (t) => {
    const driven = await failing(t, young.unmeasured);
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
    const driven = await failing(t, () => answer);
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
    await driven.look("visible");
    assert.ok((await updates()) > before, "whoever comes back sees what was then");
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
    const driven = await failing(t, young.running);
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
    const driven = await failing(t, young.unmeasured, "", { script: store(durations) });
    await driven.open();
    await driven.pass(60_000, 4_000);
    const { bar, expectation } = await driven.shown();
    assert.equal(expectation, "usually about 4 min");
    assert.deepEqual([bar.now, bar.isEstimate], [null, true]);
    assert.ok(bar.ratio > 0.2 && bar.ratio < 0.3, `${bar.ratio}`);
    assert.match(bar.text, /^about 2\d%, by earlier runs; usually about 4 min$/);
    await driven.pass(230_000, 5_000);
    const late = await driven.shown();
    assert.ok(late.bar.ratio <= 0.95, `${late.bar.ratio}`);
    assert.equal(late.state, "Running");
    const striped = await driven.page.evaluate(() => {
      const fill = document.querySelector("anaplan-task-status").shadowRoot.querySelector(".fill");
      return getComputedStyle(fill).backgroundImage;
    });
    if (late.bar.isEstimate) assert.match(striped, /gradient/);
    driven.clean();
  });

  test("leave nothing but how long they took, as far as that is wanted", async (t) => {
    for (const attributes of ["", "no-history"]) {
      let answer = young.running;
      const driven = await failing(t, () => answer, attributes);
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
    const driven = await failing(t, young.unmeasured, "no-history", { script });
    await driven.open();
    await driven.pass(10_000);
    const { expectation, bar } = await driven.shown();
    assert.deepEqual([expectation, bar.isEstimate], [undefined, false]);
    driven.clean();
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
      const driven = await failing(t, () => answer, "", { script });
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
