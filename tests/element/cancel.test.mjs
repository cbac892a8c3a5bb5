// A cancel: asked for, refused, too late, and never taken for an end.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { openTask, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

const isDelete = (call) => call.startsWith("DELETE");

describe("a cancel", { concurrency: true }, () => {
  const cancelling = (driven, then) => async () => {
    await driven.open();
    // What is asked in the moment of the cancel would count as asked after it.
    await driven.pass(1_000);
    await driven.click("Cancel");
    await driven.click("Cancel the task");
    await driven.pass(...then);
  };

  test("is under way until the server says otherwise, which may be that it finished", async (t) => {
    let answer = young.running;
    const driven = await openTask(t, browser, () => answer, "cancelable");
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
    const driven = await openTask(
      t,
      browser,
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
    const driven = await openTask(
      t,
      browser,
      ({ method }) => (method === "DELETE" ? young.cancelled : young.running),
      "cancelable",
    );
    await cancelling(driven, [1_000])();
    assert.equal((await driven.shown()).state, "Cancelling");
    assert.deepEqual(await driven.events("anaplan-done"), []);
    driven.clean();
  });

  test("that changes nothing is told of", async (t) => {
    const driven = await openTask(
      t,
      browser,
      ({ method }) => (method === "DELETE" ? { http: 409 } : young.running),
      "cancelable",
    );
    await driven.open();
    // What is asked in the moment of the cancel would count as asked after it.
    await driven.pass(1_000);
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
    const driven = await openTask(
      t,
      browser,
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

  test("is asked about no more where the page allows it no more", async (t) => {
    const driven = await openTask(t, browser, young.running, "cancelable");
    await driven.open();
    await driven.click("Cancel");
    assert.ok((await driven.shown()).question);
    await driven.run(() =>
      document.querySelector("anaplan-task-status").removeAttribute("cancelable"),
    );
    const { question, buttons } = await driven.shown();
    assert.deepEqual([question, buttons], [undefined, []]);
    driven.clean();
  });

  test("can be kept from being sent by the page, and by the person", async (t) => {
    const driven = await openTask(t, browser, young.running, "cancelable");
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
    const driven = await openTask(t, browser, ({ method }) =>
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
    // The client would send one alone, too; of a second one nobody is asked either.
    assert.equal((await driven.events("anaplan-before-cancel")).length, 1);
    driven.clean();
  });
});
