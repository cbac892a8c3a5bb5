// What cannot be asked for: told of, tried again, taken up again.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { openTask, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

describe("what cannot be asked for", { concurrency: true }, () => {
  test("is as it was last, with when that was and when it is tried again", async (t) => {
    let answer = young.running;
    const driven = await openTask(t, browser, () => answer);
    await driven.open();
    answer = { http: 503 };
    await driven.pass(8_000);
    const { state, trouble, checked, buttons, bar, error } = await driven.shown();
    assert.deepEqual([state, error, buttons], ["Running when last asked", "SERVER", ["Retry"]]);
    assert.match(trouble, /^Could not ask\. The server answered 503.* Retrying in \d+s\. Retry$/);
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
    assert.equal(
      driven.calls.length,
      6,
      "the element's first wait comes after the client's five attempts",
    );
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
    await driven.pass(6_000);
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
    const driven = await openTask(t, browser, () => answer);
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
    const driven = await openTask(t, browser, () => answer);
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
    const driven = await openTask(t, browser, () => answer);
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
      const driven = await openTask(t, browser, () => answer);
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
    const driven = await openTask(t, browser, () => answer);
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
    assert.equal((await driven.shown()).state, "Running", "what was answered is not shown");
    const { length } = driven.calls;
    await driven.pass(60_000, 2_000);
    assert.ok(driven.calls.length > length, "nobody asks any more");
    driven.clean();
  });
});
