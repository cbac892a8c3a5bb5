// What is read aloud: changes, once each, and never what ticks.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { element, openDriven, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

describe("announcements", { concurrency: true }, () => {
  test("tell of changes of the state alone, and of a failure with its reason, at once", async (t) => {
    const running = { ...young.running };
    const answers = [young.waiting, running, { ...running, progress: 0.8, currentStep: "Writing" }];
    answers.push(young.cancelling, young.failed);
    const driven = await openDriven(t, browser, element('task-id="T1" label="Nightly"'), {
      tasks: { T1: ({ calls }) => answers[calls - 1] },
    });
    await driven.open();
    await driven.pass(4_000);
    assert.deepEqual(
      await driven.heard(),
      [],
      "what was there when it was opened is read by itself",
    );
    await driven.pass(60_000, 1_000);
    assert.deepEqual(await driven.heard(), [
      "status: Nightly: Running.",
      "status: Nightly: Cancelling. Anaplan has been asked to cancel. It may still finish.",
      "alert: Nightly: Failed. You do not have access to the module “Revenue”. (2 times)",
    ]);
    driven.clean();
  });

  test("tell nothing of a first look, even at a failure", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.failed },
    });
    await driven.open();
    await driven.pass(5_000);
    assert.deepEqual(await driven.heard(), []);
    driven.clean();
  });

  test("of the same twice are heard twice", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1" cancelable'), {
      tasks: { T1: ({ method }) => (method === "DELETE" ? { http: 403 } : young.running) },
    });
    await driven.open();
    for (const _ of ["once", "twice"]) {
      await driven.pass(1_000);
      await driven.click("Cancel");
      await driven.click("Cancel the task");
      await driven.pass(1_000);
    }
    const heard = await driven.heard();
    assert.equal(heard.length, 2);
    assert.equal(heard[0], heard[1]);
    driven.clean();
  });

  test("of what was started from here begin with its first state, a failure among them", async (t) => {
    const driven = await openDriven(t, browser, element("startable"), {
      lists: { E1: ({ method }) => (method === "GET" ? [] : { taskId: "T1" }) },
      tasks: { T1: young.failed },
    });
    await driven.open();
    await driven.pass(1_000);
    await driven.click("Start");
    await driven.pass(2_000);
    const heard = await driven.heard();
    assert.equal(heard.length, 1);
    assert.match(heard[0], /^alert: .*: Failed\. You do not have access/);
    driven.clean();
  });
});
