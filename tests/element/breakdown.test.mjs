// What breaks in the page itself: the client's script, or its core.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { element, openDriven, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

describe("a breakdown", { concurrency: true }, () => {
  test("of the script that is the client is told of, and tried again by hand and by the next", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1"'), {
      tasks: { T1: young.running, T2: young.waiting },
      ready: () => document.querySelector("anaplan-task-status").error !== undefined,
    });
    let isGone = true;
    await driven.page.route("**/index.js", (route) =>
      isGone ? route.fulfill({ status: 404 }) : route.fallback(),
    );
    await driven.open();
    const { state, trouble, error, buttons } = await driven.shown();
    assert.deepEqual([state, error, buttons], ["Not known", "NETWORK", ["Retry"]]);
    assert.match(trouble, /The script of the client, `index\.js` beside the element's/);
    const errors = await driven.events("anaplan-error");
    assert.deepEqual(
      errors.map(({ code, isError }) => [code, isError]),
      [["NETWORK", true]],
    );
    assert.deepEqual(driven.calls, []);
    isGone = false;
    await driven.click("Retry");
    await driven.until(() => driven.calls.length);
    await driven.pass(100, 100);
    assert.equal((await driven.shown()).state, "Running");
    driven.clean();
  });

  test("of the clipboard, which pages without https have none of, is seen", async (t) => {
    for (const attributes of ["", "compact"]) {
      const driven = await openDriven(t, browser, element(`task-id="T1" ${attributes}`), {
        tasks: { T1: young.failed },
        script: 'Object.defineProperty(navigator, "clipboard", { value: undefined })',
      });
      await driven.open();
      await driven.click("Copy details");
      assert.match(
        (await driven.shown()).reasons,
        /Copy details The browser does not allow copying\.$/,
      );
      assert.match((await driven.heard()).at(-1), /The browser does not allow copying\.$/);
      driven.clean();
    }
  });

  test("of the core is told of, and who asks next gets another", async (t) => {
    const driven = await openDriven(t, browser, element('id="a" task-id="T1"'), {
      tasks: { T1: young.running, T2: young.running },
    });
    const path = at("target", "panicking", "index.js");
    await driven.page.route("**/client.js", (route) =>
      route.fulfill({ contentType: "text/javascript", path }),
    );
    await driven.open();
    await driven.run((html) => {
      document.body.insertAdjacentHTML("beforeend", html);
    }, element('id="b" task-id="panic-on-demand-after-await"'));
    await driven.pass(1_000);
    // A watch does not panic on demand; this does.
    await driven.run(
      () =>
        void document
          .querySelector("#b")
          .cancel()
          .catch(() => {}),
    );
    await driven.pass(1_000);
    const { state, error, trouble, buttons } = await driven.shown("#a");
    assert.deepEqual([state, error, buttons], ["Running when last asked", "INTERNAL", ["Retry"]]);
    assert.match(trouble, /The core broke down/);
    const told = await driven.events("anaplan-error");
    assert.equal(told.filter(({ id, code }) => id === "a" && code === "INTERNAL").length, 1);
    await driven.run((html) => {
      document.querySelector("#b").remove();
      document.body.insertAdjacentHTML("beforeend", html);
    }, element('id="c" task-id="T2"'));
    await driven.pass(1_000);
    assert.equal((await driven.shown("#c")).state, "Running");
    await driven.page.locator("#a").getByRole("button", { name: "Retry" }).click();
    await driven.pass(6_000);
    assert.equal((await driven.shown("#a")).state, "Running");
    const { length } = driven.calls;
    await driven.pass(20_000, 2_000);
    assert.ok(driven.calls.length > length);
    driven.clean(/Failed to load resource|panicked/);
  });
});
