// Giving up, at every point of a call's way: at once, with the signal's own reason, and with nothing
// sent afterwards unless a cancel was asked for. In driven time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, model, ref, reply, task } from "../support/memory.mjs";

await connect();

const never = () => new Promise(() => {});
const methods = ["status", "cancel", "outcome", "result", "watch", "watchAll"];

/** Calls `method` of a client for task T; a watch is followed to its end. */
function call(anaplan, method, options) {
  const follow = async (watch) => {
    for await (const _ of watch);
  };
  if (method === "watchAll") return follow(anaplan.watchAll([ref("T"), ref("U")], options));
  const one = anaplan.task(ref());
  return method === "watch" ? follow(one.watch(options)) : one[method](options);
}

/**
 * Where a call can be when it is given up: what the server and the credentials do, how the call gets
 * there, and of which calls it is true.
 */
const points = {
  "before it begins": { aborted: true },
  "in the same turn": {},
  "while a token is got": { auth: never, wait: 100 },
  "while a token is renewed": {
    auth: ({ reason }) => (reason === "first" ? "token" : never()),
    answer: () => reply("", { status: 401 }),
    wait: 6_000,
  },
  "while a user logs in": {
    auth: { basic: { user: "me", password: "pa55word" } },
    answer: never,
    wait: 100,
  },
  "between two logins": {
    auth: { basic: { user: "me", password: "pa55word" } },
    answer: ({ path }) =>
      path.startsWith("/token") ? reply("", { status: 503 }) : task("IN_PROGRESS"),
    until: (log) => log.length >= 2,
  },
  "in the queue": { busy: true, wait: 100 },
  "in a pause": {
    answer: () => reply("", { status: 429, headers: { "Retry-After": "60" } }),
    wait: 30_000,
  },
  "in fetch": { answer: never, wait: 100 },
  "in the body": { answer: () => ({ status: 200, text: never }), wait: 100 },
  "in the delay before another attempt": {
    answer: () => reply("", { status: 503 }),
    until: (log) => log.length >= 2,
  },
  "between two questions": {
    answer: ({ method }) => task(method === "DELETE" ? "CANCELLING" : "IN_PROGRESS"),
    wait: 2_000,
    of: ["outcome", "result", "watch", "watchAll"],
  },
  "in a later fetch": {
    answer: (entry, { length }) => (length > 2 ? never() : task("IN_PROGRESS")),
    until: (log) => log.length > 2,
    of: ["outcome", "result", "watch", "watchAll"],
  },
};

for (const [name, point] of Object.entries(points)) {
  describe(`given up ${name}`, () => {
    for (const method of point.of ?? methods) {
      for (const onAbort of [undefined, "detach", "cancel"]) {
        if (onAbort && ["status", "cancel"].includes(method)) continue;
        test(`${method}, onAbort ${onAbort}`, async (t) => {
          const clock = driveTime(t);
          // Delays that are neither nothing nor all.
          t.mock.method(Math, "random", () => 0.5);
          const { fetch, log } = memoryServer(clock, point.answer ?? (() => task("IN_PROGRESS")));
          const options = { fetch, auth: point.auth, requestsPerMinute: point.busy ? 1 : 600 };
          const anaplan = await connect(options);
          if (point.busy) await clock.until(anaplan.task(ref("busy")).status());
          const controller = new AbortController();
          const reason = { name };
          if (point.aborted) controller.abort(reason);
          let seen = "pending";
          const options_ = { signal: controller.signal, ...(onAbort && { onAbort }) };
          const settled = call(anaplan, method, options_).then(
            () => (seen = "resolved"),
            (error) => (seen = error),
          );
          if (point.wait) await clock.pass(point.wait);
          for (let i = 0; point.until && !point.until(log); i++) {
            assert.ok(i < 1_000);
            await clock.pass(100);
          }
          if (point.wait || point.until) assert.equal(seen, "pending");
          // Also what waits in the very first turn has been called by now.
          const before = log.length;
          controller.abort(reason);
          // In this turn of the event loop: after its microtasks, before any timer.
          await new Promise((resolve) => setImmediate(resolve));
          assert.equal(seen, reason);
          await settled;
          // Nothing is under way any more but the cancel, and the login that it needs.
          const methods = onAbort === "cancel" ? ["DELETE", "POST"] : [];
          assert.ok(log.every(({ open, method }) => !open || methods.includes(method)));

          await clock.pass(3_600_000);
          const after = log.slice(before);
          if (onAbort !== "cancel") assert.deepEqual(after, []);
          else checkCancel(after, { point, method, clock });
          assert.equal(clock.timers(), 0);
          anaplan.close();
        });
      }
    }
  });
}

/** What is sent after an abort that cancels: DELETEs, and what they need. */
function checkCancel(after, { point, method }) {
  const questions = after.filter((entry) => entry.method === "GET");
  assert.deepEqual(questions, []);
  if (point.auth) return;
  const tasks = new Set(after.map((entry) => entry.task));
  assert.deepEqual([...tasks].sort(), method === "watchAll" ? ["T", "U"] : ["T"]);
  const isAnswered = !point.answer || point.of;
  if (isAnswered && !String(point.answer).includes("never")) assert.equal(after.length, tasks.size);
}

describe("an abort that cancels", () => {
  const server = (clock) =>
    memoryServer(clock, ({ method }) =>
      method === "DELETE" ? reply("", { status: 204 }) : task("IN_PROGRESS"),
    );
  const sent = (log) => log.map((entry) => `${entry.method} ${entry.task}`).slice(0, 9);

  test("sends one DELETE for each task, though nobody awaits a status just now", async (t) => {
    const clock = driveTime(t);
    for (const many of [false, true]) {
      const { fetch, log } = server(clock);
      const anaplan = await connect({ fetch });
      const controller = new AbortController();
      const options = { signal: controller.signal, onAbort: "cancel" };
      const watch = many
        ? anaplan.watchAll([ref("a"), ref("b"), ref("c")], options)
        : anaplan.task(ref("a")).watch(options);
      const iterator = watch[Symbol.asyncIterator]();
      await clock.until(iterator.next());
      const before = log.length;
      controller.abort("stop");
      await clock.settle();
      const deletes = many ? ["DELETE a", "DELETE b", "DELETE c"] : ["DELETE a"];
      assert.deepEqual(sent(log.slice(before)), deletes);
      // It still rejects, for whoever comes back, and then it is over.
      assert.equal(await clock.until(failure(iterator.next())), "stop");
      assert.equal((await clock.until(iterator.next())).done, true);
      await clock.pass(600_000);
      assert.equal(log.length, before + deletes.length);
      assert.equal(clock.timers(), 0);
    }
  });

  test("is sent again when it fails, as every cancel is", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, ({ method }) =>
      method === "DELETE" ? reply("", { status: 503 }) : task("IN_PROGRESS"),
    );
    const anaplan = await connect({ fetch, attempts: 3 });
    const controller = new AbortController();
    const outcome = anaplan.task(ref()).outcome({ signal: controller.signal, onAbort: "cancel" });
    await clock.settle();
    controller.abort("stop");
    assert.equal(await failure(outcome), "stop");
    await clock.pass(600_000);
    assert.deepEqual(sent(log), ["GET T", "DELETE T", "DELETE T", "DELETE T"]);
    assert.equal(clock.timers(), 0);
  });

  test("leaves alone what is over, and what nobody watches any more", async (t) => {
    const clock = driveTime(t);
    const states = { over: "COMPLETE" };
    const { fetch, log } = memoryServer(clock, (entry) =>
      task(states[entry.task] ?? "IN_PROGRESS"),
    );
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const options = { signal: controller.signal, onAbort: "cancel" };
    await clock.until(anaplan.task(ref("over")).outcome(options));
    for await (const _ of anaplan.task(ref("left")).watch(options)) break;
    const one = anaplan.task(ref("returned")).watch(options)[Symbol.asyncIterator]();
    await one.next();
    await one.return();
    const unsubscribe = anaplan
      .task(ref("subscribed"))
      .watch(options)
      .subscribe(() => {});
    await clock.settle();
    unsubscribe();
    const all = anaplan.watchAll([ref("over"), ref("left")], options)[Symbol.asyncIterator]();
    await clock.until(all.next());
    await clock.until(all.next());
    const before = log.length;
    await all.return();
    controller.abort();
    await clock.pass(600_000);
    assert.deepEqual(sent(log.slice(before)), []);
  });

  test("of many tasks leaves alone those that are over", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, (entry) =>
      task(entry.task === "over" && entry.method === "GET" ? "COMPLETE" : "IN_PROGRESS"),
    );
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const options = { signal: controller.signal, onAbort: "cancel" };
    const iterator = anaplan.watchAll([ref("over"), ref("b")], options)[Symbol.asyncIterator]();
    await clock.until(iterator.next());
    await clock.until(iterator.next());
    controller.abort();
    await clock.pass(600_000);
    assert.deepEqual(sent(log), ["GET over", "GET b", "DELETE b"]);
  });

  test("does so though the client is closed in the same turn", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = server(clock);
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const options = { signal: controller.signal, onAbort: "cancel" };
    const outcome = failure(anaplan.task(ref()).outcome(options));
    await clock.settle();
    controller.abort("stop");
    anaplan.close();
    assert.equal(await outcome, "stop");
    await clock.settle();
    assert.deepEqual(sent(log), ["GET T", "DELETE T"]);
  });

  test("does nothing any more once the client is closed", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = server(clock);
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const options = { signal: controller.signal, onAbort: "cancel" };
    const iterator = anaplan.task(ref()).watch(options)[Symbol.asyncIterator]();
    await clock.until(iterator.next());
    anaplan.close();
    await clock.settle();
    controller.abort("stop");
    await clock.pass(600_000);
    assert.deepEqual(sent(log), ["GET T"]);
  });
});

test("one signal of many calls gives up all of them, and leaves no listener", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, (entry) =>
    entry.task.startsWith("slow") ? never() : task("IN_PROGRESS"),
  );
  const anaplan = await connect({ fetch, requestsPerMinute: 100 });
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args) => (listeners++, addEventListener.apply(signal, args));
  signal.removeEventListener = (...args) => (listeners--, removeEventListener.apply(signal, args));
  const calls = [];
  for (let i = 0; i < 50; i++) {
    const id = ["slow", "quick"][i % 2] + i;
    for (const method of ["status", "cancel", "outcome"]) {
      calls.push(
        anaplan
          .task(ref(id))
          [method]({ signal })
          .catch((reason) => reason),
      );
    }
  }
  await clock.pass(5_000);
  assert.equal(listeners, 1);
  const { length } = log;
  controller.abort("all");
  const timer = new Promise((resolve) => setImmediate(() => setImmediate(resolve, "late")));
  const reasons = await Promise.race([Promise.all(calls), timer]);
  assert.notEqual(reasons, "late");
  assert.ok(reasons.filter((reason) => reason === "all").length > 50);
  await clock.pass(600_000);
  assert.equal(log.length, length);
  assert.deepEqual([listeners, clock.timers()], [0, 0]);
});

test("whoever gives up does not end the question, the token or the cancel of others", async (t) => {
  const clock = driveTime(t);
  let tokens = 0;
  const auth = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return `token${++tokens}`;
  };
  const { fetch, log } = memoryServer(clock, async ({ method }) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return method === "DELETE" ? task("CANCELLING") : task("IN_PROGRESS");
  });
  for (const at of [500, 1_500]) {
    log.length = tokens = 0;
    const anaplan = await connect({ fetch, auth });
    const controllers = [new AbortController(), new AbortController()];
    const open = controllers.flatMap(({ signal }) => [
      anaplan.task(ref()).status({ signal }),
      anaplan.task(ref()).cancel({ signal }),
    ]);
    const [gone, kept] = [open.slice(0, 2).map(failure), open.slice(2)];
    await clock.pass(at);
    controllers[0].abort("mine");
    assert.deepEqual(await Promise.all(gone), ["mine", "mine"]);
    assert.ok(log.every(({ open }) => open));
    const statuses = await clock.until(Promise.all(kept));
    assert.deepEqual(
      statuses.map(({ phase }) => phase),
      ["running", "cancelling"],
    );
    assert.deepEqual([tokens, log.length], [1, 2]);
  }
});

test("an auth function is told that nobody waits any more", async (t) => {
  const clock = driveTime(t);
  let signal;
  const { fetch } = memoryServer(clock, () => task("IN_PROGRESS"));
  const anaplan = await connect({ fetch, auth: (ask) => ((signal = ask.signal), never()) });
  const controllers = [new AbortController(), new AbortController()];
  const calls = controllers.map((controller, i) =>
    failure(anaplan.task({ ...model, taskId: `T${i}` }).status({ signal: controller.signal })),
  );
  await clock.settle();
  controllers[0].abort();
  await clock.settle();
  assert.equal(signal.aborted, false);
  controllers[1].abort();
  await clock.settle();
  assert.equal(signal.aborted, true);
  await Promise.all(calls);
});
