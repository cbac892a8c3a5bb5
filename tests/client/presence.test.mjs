// Time as it is: machines that sleep, clocks that are set, pages that nobody looks at, networks that
// go. In driven time where the core alone decides, in Chromium where a page's events do.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { driveTime } from "../support/clock.mjs";
import { closest, memoryServer, ref, task } from "../support/memory.mjs";
import { files, json, serve } from "../support/server.mjs";

await connect();

const minute = 60_000;
const blank = '<!doctype html><link rel="icon" href="data:,">';

describe("a machine that sleeps", () => {
  /** Watches a task that is an hour old, so that questions are half a minute apart. */
  async function watching(t, options) {
    const clock = driveTime(t);
    const server = memoryServer(clock, () =>
      task("IN_PROGRESS", { creationTime: Date.now() - 60 * minute }),
    );
    const anaplan = await connect({ fetch: server.fetch });
    const controller = new AbortController();
    const statuses = [];
    const all = options?.many ? ["T", "U", "V"] : ["T"];
    const watch = options?.many
      ? anaplan.watchAll(all.map(ref), { signal: controller.signal })
      : anaplan.task(ref()).watch({ signal: controller.signal, ...options });
    const done = (async () => {
      for await (const status of watch) statuses.push(status);
    })().catch((reason) => reason);
    t.after(async () => {
      controller.abort();
      await done;
    });
    await clock.pass(1_000);
    return { clock, log: server.log, statuses, count: all.length };
  }

  for (const many of [false, true]) {
    test(`asks at once when it wakes, ${many ? "for all that are watched" : "once"}`, async (t) => {
      const { clock, log, count, statuses } = await watching(t, { many });
      assert.equal(log.length, count);
      await clock.pass(6_000);
      assert.equal(log.length, count);
      clock.sleepMachine(8 * 60 * minute);
      // The timers go on where they stood, and one of them soon finds out.
      await clock.pass(10_000);
      assert.equal(log.length, 2 * count);
      assert.equal(
        statuses.at(-1).observedAt,
        Math.round(Date.now() - (clock.now() - log.at(-1).at)),
      );
      await clock.pass(20_000);
      assert.equal(log.length, 2 * count, "woken once, asked twice");
      await clock.pass(20_000);
      assert.equal(log.length, 3 * count);
    });
  }

  test("that wakes within five seconds of an answer waits for them to pass", async (t) => {
    const { clock, log } = await watching(t);
    // The last look at the clocks was when the question's own time-out was set, a second ago.
    clock.sleepMachine(10 * minute);
    await clock.pass(30_000);
    assert.ok(log.length >= 2);
    assert.ok(closest(log) >= 5_000);
  });

  test("a clock that is set back, or runs a little fast, wakes nobody", async (t) => {
    const { clock, log, statuses } = await watching(t);
    clock.setWall(-30 * minute);
    await clock.pass(20_000);
    clock.setWall(2_000);
    await clock.pass(8_000);
    assert.equal(log.length, 1);
    await clock.pass(5_000);
    assert.equal(log.length, 2);
    // And the times that are told are by the clock as it is.
    const { observedAt, nextPollAt } = statuses.at(-1);
    assert.ok(nextPollAt - observedAt >= 30_000 && nextPollAt - observedAt <= 33_000);
  });

  test("a delay after a failure is not slept out", async (t) => {
    const clock = driveTime(t);
    t.mock.method(Math, "random", () => 1 - 1e-9);
    let isDown = true;
    const { fetch, log } = memoryServer(clock, () => {
      if (isDown) throw new TypeError("fetch failed");
      return task("CANCELLED");
    });
    const anaplan = await connect({ fetch, attempts: 20 });
    const outcome = anaplan.task(ref()).outcome();
    // Half a minute from one attempt to the next by now.
    await clock.pass(100_000);
    const { length } = log;
    await clock.pass(12_000 - Math.min(12_000, clock.now() - log.at(-1).at));
    assert.equal(log.length, length);
    isDown = false;
    clock.sleepMachine(60 * minute);
    await clock.pass(10_000);
    assert.equal(log.length, length + 1);
    assert.equal((await clock.until(outcome)).phase, "cancelled");
    assert.ok(closest(log) >= 5_000);
    assert.equal(clock.timers(), 0);
  });

  test("a timeout counts by the steady clock, not by one that is set", async (t) => {
    const clock = driveTime(t);
    const { fetch } = memoryServer(clock, () => task("IN_PROGRESS"));
    const anaplan = await connect({ fetch });
    const began = clock.now();
    const call = anaplan.task(ref()).outcome({ timeout: 60_000 });
    const settled = call.catch(({ code }) => [code, clock.now() - began]);
    await clock.pass(10_000);
    clock.setWall(60 * minute);
    await clock.pass(10_000);
    clock.setWall(-120 * minute);
    assert.deepEqual(await clock.until(settled), ["TIMEOUT", 60_000]);
  });
});

describe("a page", () => {
  let browser;
  before(async () => (browser = await launchBrowser()));
  after(() => browser.close());

  /**
   * A page whose client asks a task that is an hour old, in time that the page drives: `run` gets
   * what it needs to be hidden, shown, cut off, restored.
   */
  async function inPage(t, run, input) {
    let asked = 0;
    const page = files(at());
    const base = await serve(t, (request, response) => {
      if (request.url === "/blank") {
        return response.writeHead(200, { "Content-Type": "text/html" }).end(blank);
      }
      if (!request.url.startsWith("/2/0/")) return page(request, response);
      asked++;
      const creationTime = Date.now() - 60 * minute;
      json(response, { task: { taskId: "T", taskState: "IN_PROGRESS", creationTime } });
    });
    const opened = await openPage(t, browser);
    await opened.page.goto(`${base}/blank`);
    await opened.page.evaluate(prepare);
    const result = await opened.page.evaluate(
      ([run, input]) => (0, eval)(`(${run})`)(globalThis.driven, input),
      [String(run), input],
    );
    return { result, asked: () => asked, ...opened };
  }

  /** Runs in the page: clocks, timers and the page's state are driven from here on. */
  async function prepare() {
    const { connect } = await import("/pkg/index.js");
    await connect();
    let [steady, ahead, order] = [1e6, 1.7e12, 0];
    const timers = new Map();
    performance.now = () => steady;
    Date.now = () => steady + ahead;
    globalThis.setTimeout = (work, delay = 0) => {
      timers.set(++order, { at: steady + Math.max(1, delay), work });
      return order;
    };
    globalThis.clearTimeout = (timer) => timers.delete(timer);
    // A macrotask of the page's own, however the timers are.
    const turn = () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (port1.close(), resolve());
        port2.postMessage(0);
      });
    const settle = async () => {
      for (let i = 0; i < 4; i++) await turn();
    };
    async function pass(ms) {
      await settle();
      const until = steady + ms;
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= until);
        if (!due.length) break;
        const [id, { at, work }] = due.sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
        timers.delete(id);
        steady = Math.max(steady, at);
        work();
        await settle();
      }
      steady = until;
    }
    let state = "visible";
    Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
    Object.defineProperty(document, "hidden", { get: () => state === "hidden" });
    const log = [];
    const answers = { isDown: false };
    const fetch = async () => {
      log.push(steady);
      if (answers.isDown) throw new TypeError("Failed to fetch");
      const created = Date.now() - 3_600_000;
      const body = { task: { taskId: "T", taskState: "IN_PROGRESS", creationTime: created } };
      return { status: 200, headers: new Headers(), text: async () => JSON.stringify(body) };
    };
    const model = { workspaceId: "W", modelId: "M", exportId: "E" };
    const ref = (taskId) => ({ ...model, taskId });
    globalThis.driven = {
      connect: (options) => connect({ baseUrl: "/2/0", fetch, ...options }),
      ref,
      log,
      answers,
      pass,
      timers: () => timers.size,
      look(to) {
        state = to;
        document.dispatchEvent(new Event("visibilitychange"));
      },
      /** Watches until it is told to stop. */
      watch(anaplan, options, taskId = "T") {
        const iterator = anaplan.task(ref(taskId)).watch(options)[Symbol.asyncIterator]();
        const done = (async () => {
          while (!(await iterator.next()).done);
        })();
        return async () => {
          await iterator.return();
          await done;
        };
      },
      gaps: () => log.slice(1).map((at, i) => at - log[i]),
    };
  }

  for (const whenHidden of [undefined, "slow", "pause", "normal"]) {
    test(`in the background, whenHidden ${whenHidden}`, async (t) => {
      const { result, errors } = await inPage(
        t,
        async ({ connect, watch, pass, look, log, gaps, timers }, whenHidden) => {
          const events = [];
          const anaplan = await connect({
            onEvent: ({ type, reason, ref }) => {
              if (["pause", "resume"].includes(type))
                events.push(`${type} ${reason} ${ref.taskId}`);
            },
          });
          // Five seconds apart, and half a minute in the background.
          const options = { maxInterval: 30_000, ...(whenHidden && { whenHidden }) };
          const stop = watch(anaplan, options);
          await pass(1_000);
          look("hidden");
          await pass(300_000);
          const hidden = gaps();
          const atReturn = log.length;
          look("visible");
          await pass(5);
          // Last asked long ago, or just now: not before five seconds have passed.
          const atOnce = log.length - atReturn;
          await pass(100_000);
          const shown = gaps().slice(atReturn);
          await stop();
          return { hidden, atOnce, shown, events, timers: timers() };
        },
        whenHidden,
      );
      const { hidden, atOnce, shown, events, timers } = result;
      if (whenHidden === "pause") {
        assert.deepEqual(hidden, []);
        assert.deepEqual(events, ["pause hidden T", "resume hidden T"]);
        assert.equal(atOnce, 1);
      } else {
        assert.ok(hidden.length >= 8, `${hidden}`);
        assert.ok(
          hidden.every((gap) => gap >= 30_000 && gap <= 33_100),
          `${hidden}`,
        );
        assert.deepEqual(events, []);
      }
      assert.ok(shown.every((gap) => gap >= 5_000));
      assert.ok(shown.length >= 2);
      assert.equal(timers, 0);
      assert.deepEqual(errors, []);
    });
  }

  test("a young task is asked for slowly, not at all, or as ever", async (t) => {
    const { result } = await inPage(t, async ({ connect, watch, pass, look, log }) => {
      const counts = {};
      for (const whenHidden of ["slow", "pause", "normal"]) {
        const anaplan = await connect();
        look("visible");
        const stop = watch(anaplan, { interval: 5_000, maxInterval: 6_000, whenHidden }, "young");
        const slow = watch(anaplan, { interval: 5_000, maxInterval: 60_000, whenHidden }, "old");
        await pass(1_000);
        look("hidden");
        log.length = 0;
        await pass(600_000);
        counts[whenHidden] = log.length;
        await stop();
        await slow();
      }
      return counts;
    });
    // At their longest intervals: 6 to 6.6 s and 60 to 66 s, and an hour old means just that.
    assert.equal(result.pause, 0);
    assert.ok(result.slow >= 95 && result.slow <= 112, `${result.slow}`);
    assert.ok(result.normal >= result.slow - 10);
  });

  test("shown, back online or restored from the cache: one question at once, each time", async (t) => {
    const { result, errors } = await inPage(
      t,
      async ({ connect, watch, pass, look, log, timers }) => {
        const anaplan = await connect();
        const stops = [watch(anaplan, {}, "a"), watch(anaplan, {}, "a"), watch(anaplan, {}, "b")];
        await pass(1_000);
        const seen = [];
        const events = {
          shown: () => (look("hidden"), look("visible")),
          online: () => dispatchEvent(new Event("online")),
          restored: () => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })),
        };
        for (const [name, happen] of Object.entries(events)) {
          // Long enough after the last question, and before the next.
          await pass(10_000);
          const before = log.length;
          happen();
          happen();
          await pass(5);
          seen.push([name, log.length - before]);
          // Again within five seconds: then, and once.
          await pass(2_000);
          happen();
          await pass(2_000);
          seen.push([`${name} again`, log.length - before]);
          await pass(1_100);
          seen.push([`${name} later`, log.length - before]);
          await pass(12_000);
        }
        for (const stop of stops) await stop();
        return { seen, timers: timers() };
      },
    );
    assert.deepEqual(
      result.seen,
      ["shown", "online", "restored"].flatMap((name) => [
        [name, 2],
        [`${name} again`, 2],
        [`${name} later`, 4],
      ]),
    );
    assert.equal(result.timers, 0);
    assert.deepEqual(errors, []);
  });

  test("events are listened to while somebody watches, and no longer", async (t) => {
    const { result } = await inPage(t, async ({ connect, watch, pass }) => {
      const counts = [];
      const heard = new Map();
      for (const target of [globalThis, document]) {
        const { addEventListener, removeEventListener } = target;
        target.addEventListener = (type, listener) => {
          heard.set(listener, type);
          addEventListener.call(target, type, listener);
        };
        target.removeEventListener = (type, listener) => {
          if (heard.get(listener) === type) heard.delete(listener);
          removeEventListener.call(target, type, listener);
        };
      }
      const anaplan = await connect();
      counts.push(heard.size);
      const stops = [watch(anaplan, {}, "a"), watch(anaplan, {}, "b")];
      await pass(1_000);
      counts.push(heard.size);
      await stops[0]();
      counts.push(heard.size);
      await stops[1]();
      await pass(1_000);
      counts.push(heard.size);
      return counts;
    });
    assert.deepEqual(result, [0, 3, 3, 0]);
  });

  test("offline: a watch waits, uses up no attempts, and asks at once when the network is back", async (t) => {
    const { result } = await inPage(t, async ({ connect, ref, watch, pass, log, answers }) => {
      Object.defineProperty(navigator, "onLine", { get: () => !answers.isDown });
      const anaplan = await connect({ attempts: 2 });
      let ended = "watching";
      const stop = watch(anaplan, {});
      await pass(1_000);
      answers.isDown = true;
      await pass(1_200_000);
      const tries = log.length;
      // Whoever asks once is told.
      const status = await new Promise((resolve) => {
        anaplan
          .task(ref("other"))
          .status()
          .then(resolve, ({ code }) => resolve(code));
        pass(60_000);
      });
      const before = log.length;
      answers.isDown = false;
      dispatchEvent(new Event("online"));
      await pass(5_001);
      const back = log.length - before;
      await stop().catch((error) => (ended = error.code));
      return { tries, status, back, ended };
    });
    // Some twenty in twenty minutes: each 5 to 35 s after the one before.
    assert.ok(result.tries > 20 && result.tries < 120, `${result.tries}`);
    assert.equal(result.status, "NETWORK");
    assert.equal(result.back, 1);
    assert.equal(result.ended, "watching");
  });

  test("a network that really goes and comes back", async (t) => {
    const { page, asked } = await inPage(t, () => {});
    const context = page.context();
    await page.reload();
    await page.evaluate(async () => {
      const { connect } = await import("/pkg/index.js");
      const anaplan = await connect({ baseUrl: "/2/0", attempts: 1, onEvent: note });
      globalThis.events = [];
      function note({ type, code }) {
        globalThis.events.push(code ? `${type} ${code}` : type);
      }
      const task = anaplan.task({ workspaceId: "W", modelId: "M", exportId: "E", taskId: "T" });
      globalThis.iterator = task
        .watch({ interval: 5_000, maxInterval: 5_000 })
        [Symbol.asyncIterator]();
      globalThis.done = (async () => {
        while (!(await globalThis.iterator.next()).done);
      })();
    });
    await page.waitForFunction(() => globalThis.events.includes("answer"));
    await context.setOffline(true);
    await page.waitForFunction(() => globalThis.events.includes("retry NETWORK"));
    const before = asked();
    await context.setOffline(false);
    await page.waitForFunction(() => globalThis.events.filter((e) => e === "answer").length > 1);
    assert.ok(asked() > before);
    await page.evaluate(async () => {
      await globalThis.iterator.return();
      await globalThis.done;
    });
  });
});
