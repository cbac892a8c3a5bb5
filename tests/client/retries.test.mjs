// What is sent again, how often, and never within five seconds: in driven time, so that every
// attempt and every delay is seen. With real sockets: sockets.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AnaplanError, connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { closest, failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

// The core must be there before time is driven.
await connect();

const html = "<!doctype html><title>Bad Gateway</title><p>nginx";
const never = () => new Promise(() => {});
const broken = (message) => () => {
  throw Object.assign(new TypeError("fetch failed"), { cause: new Error(message) });
};

/** Each way in which a request fails that may work the next time: how, and what it is called. */
const passing = {
  "500 with HTML": [() => reply(html, { status: 500 }), "SERVER"],
  "502 with HTML": [() => reply(html, { status: 502 }), "SERVER"],
  "503 without a body": [() => reply("", { status: 503 }), "SERVER"],
  504: [() => reply({ status: { message: "Timeout" } }, { status: 504 }), "SERVER"],
  408: [() => reply("", { status: 408 }), "TIMEOUT"],
  409: [() => reply("", { status: 409 }), "CONFLICT"],
  423: [() => reply("", { status: 423 }), "MODEL_UNAVAILABLE"],
  424: [() => reply("", { status: 424 }), "MODEL_UNAVAILABLE"],
  429: [() => reply("", { status: 429 }), "RATE_LIMITED"],
  "a connection that is refused": [broken("connect ECONNREFUSED"), "NETWORK"],
  "no such host": [broken("getaddrinfo ENOTFOUND"), "NETWORK"],
  "a body that breaks off": [() => ({ status: 200, text: broken("terminated") }), "NETWORK"],
  "truncated JSON": [() => reply('{"task":{"taskId":"T","tas'), "PROTOCOL"],
  "an empty body": [() => reply(""), "PROTOCOL"],
  "no answer in time": [never, "TIMEOUT"],
  "a body that stalls": [() => ({ status: 200, text: never }), "TIMEOUT"],
};

/** What another attempt does not mend. */
const lasting = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "PROTOCOL",
  415: "PROTOCOL",
  422: "MODEL_UNAVAILABLE",
  425: "MODEL_UNAVAILABLE",
};

for (const [name, [fail, code]] of Object.entries(passing)) {
  test(`${name}: as many attempts as were asked for, and any of them may succeed`, async (t) => {
    const clock = driveTime(t);
    for (const attempts of [1, 2, 5, 8]) {
      const { fetch, log } = memoryServer(clock, fail);
      const anaplan = await connect({ fetch, attempts });
      const call = failure(anaplan.task(ref()).status());
      const error = await clock.until(call);
      assert.ok(error instanceof AnaplanError);
      assert.equal(error.code, code);
      assert.equal(error.retryable, true);
      assert.deepEqual(error.ref, ref());
      assert.equal(log.length, attempts);
      const tried = /^Asking for the task: .* It was tried (\d+) times\.$/.exec(error.message)?.[1];
      assert.equal(tried, attempts === 1 ? undefined : String(attempts), error.message);
      assert.ok(closest(log) >= 5_000, `${closest(log)} ms apart`);
    }
    for (let good = 1; good <= 5; good++) {
      const { fetch, log } = memoryServer(clock, (entry, log) =>
        log.length < good ? fail() : task("COMPLETE", { result: { successful: true } }),
      );
      const anaplan = await connect({ fetch });
      const status = await clock.until(anaplan.task(ref()).status());
      assert.equal(status.phase, "succeeded");
      assert.equal(log.length, good);
      assert.ok(closest(log) >= 5_000);
    }
    assert.equal(clock.timers(), 0);
  });
}

test("what another attempt does not mend is sent once, and says nothing of attempts", async (t) => {
  const clock = driveTime(t);
  for (const [status, code] of Object.entries(lasting)) {
    const { fetch, log } = memoryServer(clock, () => reply(html, { status: Number(status) }));
    const anaplan = await connect({ fetch, auth: "token" });
    const error = await clock.until(failure(anaplan.task(ref()).status()));
    assert.equal(error.code, code);
    assert.equal(log.length, 1, status);
    assert.doesNotMatch(error.message, /tried/);
  }
});

test("what moved is asked for once more, what is missing only if it was there before", async (t) => {
  const clock = driveTime(t);
  const counts = {};
  for (const status of [404, 410]) {
    for (const isKnown of [false, true]) {
      const { fetch, log } = memoryServer(clock, (entry, { length }) =>
        isKnown && length === 1 ? task("IN_PROGRESS") : reply("", { status }),
      );
      const anaplan = await connect({ fetch });
      const error = await clock.until(failure(anaplan.task(ref()).outcome()));
      assert.equal(error.code, "NOT_FOUND");
      assert.equal(error.taskStatus?.taskState, isKnown ? "IN_PROGRESS" : undefined);
      assert.ok(closest(log) >= 5_000);
      counts[`${status} ${isKnown}`] = log.length - (isKnown ? 1 : 0);
    }
  }
  assert.deepEqual(counts, { "404 false": 1, "404 true": 2, "410 false": 2, "410 true": 2 });
});

test("delays are drawn below a bound that doubles, and the server may ask for more", async (t) => {
  const clock = driveTime(t);
  const gaps = async (chance, answer) => {
    const random = t.mock.method(Math, "random", () => chance);
    const { fetch, log } = memoryServer(clock, answer);
    const anaplan = await connect({ fetch, attempts: 8 });
    await clock.until(failure(anaplan.task(ref()).status()));
    random.mock.restore();
    return log.slice(1).map(({ at }, i) => Math.round((at - log[i].at - 5_000) / 100) / 10);
  };
  const server = () => reply("", { status: 500 });
  const asking = () => reply("", { status: 503, headers: { "Retry-After": "7" } });
  assert.deepEqual(await gaps(0, server), Array(7).fill(0));
  assert.deepEqual(await gaps(1 - 1e-9, server), [1, 2, 4, 8, 16, 30, 30]);
  assert.deepEqual(await gaps(1 - 1e-9, asking), [7, 7, 7, 8, 16, 30, 30]);
});

test("a success in between makes the next failure a first one", async (t) => {
  const clock = driveTime(t);
  // Four failures, an answer, four failures, an answer: no more than four in a row.
  const { fetch, log } = memoryServer(clock, (entry, { length }) => {
    if (length === 15) return task("CANCELLED");
    return length % 5 ? reply("", { status: 503 }) : task("IN_PROGRESS");
  });
  const events = [];
  const anaplan = await connect({ fetch, onEvent: (event) => events.push(event) });
  // The watch's own last attempt would be the fifth failure.
  const status = await clock.until(anaplan.task(ref()).outcome());
  assert.equal(status.phase, "cancelled");
  assert.equal(log.length, 15);
  assert.ok(closest(log) >= 5_000);
  const attempts = events.filter(({ type }) => type === "request").map(({ attempt }) => attempt);
  assert.deepEqual(attempts, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
});

test("a timeout ends a call between two attempts, and nothing is sent after it", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, () => reply("", { status: 503 }));
  const anaplan = await connect({ fetch, attempts: 100 });
  for (const method of ["status", "outcome", "cancel"]) {
    const began = clock.now();
    const call = anaplan.task(ref(method))[method]({ timeout: 12_000 });
    const error = await clock.until(failure(call));
    assert.equal(error.code, "TIMEOUT");
    assert.match(error.message, /timeout of 12000 ms; the task itself runs on/);
    assert.equal(clock.now() - began, 12_000);
  }
  const { length } = log;
  await clock.pass(600_000);
  assert.equal(log.length, length);
  assert.equal(clock.timers(), 0);
});

test("a cancel is sent again after what may pass, as often as was asked for", async (t) => {
  const clock = driveTime(t);
  for (const [name, [fail, code]] of Object.entries(passing)) {
    // These two answer a cancel, and are tested below; an empty body accepts it.
    if (["409", "an empty body"].includes(name)) continue;
    const { fetch, log } = memoryServer(clock, ({ method }) =>
      method === "DELETE" ? fail() : task("IN_PROGRESS"),
    );
    const anaplan = await connect({ fetch, attempts: 4 });
    const error = await clock.until(failure(anaplan.task(ref()).cancel()));
    if (code === "PROTOCOL") {
      // Half an answer says that the cancel arrived.
      assert.deepEqual([error.code, log.length], ["PROTOCOL", 1]);
      continue;
    }
    assert.deepEqual([error.code, log.length], [code, 4], name);
    assert.match(error.message, /^Cancelling the task: .* It was tried 4 times\.$/);
    for (let good = 1; good <= 4; good++) {
      const { fetch, log } = memoryServer(clock, ({ method }, { length }) => {
        if (method === "GET") return task("CANCELLING");
        return length < good ? fail() : reply("", { status: 204 });
      });
      const status = await clock.until((await connect({ fetch })).task(ref()).cancel());
      assert.equal(status.phase, "cancelling", name);
      assert.deepEqual(log.map(({ method }) => method).slice(0, good), Array(good).fill("DELETE"));
    }
  }
  assert.equal(clock.timers(), 0);
});

test("a cancel that is refused is asked about, and sent again while the task runs", async (t) => {
  const clock = driveTime(t);
  const methods = async (status, states, attempts = 3) => {
    let gets = 0;
    const { fetch, log } = memoryServer(clock, async ({ method }) => {
      // It takes its time, so that before and after can be told apart.
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (method === "DELETE") return reply("", { status });
      return task(states[gets++] ?? states.at(-1));
    });
    const anaplan = await connect({ fetch, attempts });
    const { phase } = await clock.until(anaplan.task(ref()).cancel());
    assert.ok(closest(log) >= 5_000);
    return `${phase}: ${log.map(({ method }) => method[0]).join("")}`;
  };
  // It never gives way: what the task does is the answer.
  assert.equal(await methods(409, ["IN_PROGRESS"]), "running: DGDGDG");
  assert.equal(await methods(409, ["IN_PROGRESS"], 1), "running: DG");
  assert.equal(await methods(409, ["NOT_STARTED", "CANCELLED"]), "cancelled: DGDG");
  assert.equal(await methods(409, ["COMPLETE"]), "unknown: DG");
  assert.equal(await methods(410, ["CANCELLING"]), "cancelling: DG");
  // It knows of nothing that could be cancelled: asked about once.
  assert.equal(await methods(404, ["IN_PROGRESS"]), "running: DG");
  assert.equal(await methods(404, ["CANCELLED"]), "cancelled: DG");
  assert.equal(await methods(400, ["IN_PROGRESS"]), "running: DG");
});

test("a cancel of what is not there is NOT_FOUND", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = memoryServer(clock, () => reply("", { status: 404 }));
  const anaplan = await connect({ fetch });
  const error = await clock.until(failure(anaplan.task(ref()).cancel()));
  assert.equal(error.code, "NOT_FOUND");
  assert.equal(log.map(({ method }) => method[0]).join(""), "DG");
});

test("whatever fails and whoever asks, no task is asked for twice within five seconds", async (t) => {
  const clock = driveTime(t);
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const below = (n) => Math.floor(random() * n);
  t.mock.method(Math, "random", random);
  const faults = Object.values(passing).map(([fail]) => fail);
  for (let round = 0; round < 15; round++) {
    const { fetch, log } = memoryServer(clock, async (entry) => {
      const kind = random();
      if (kind < 0.3) return faults[below(faults.length)]();
      if (kind < 0.4) return reply("", { status: [401, 404, 403, 410][below(4)] });
      if (kind < 0.7) await new Promise((resolve) => setTimeout(resolve, below(4_000)));
      if (entry.method === "DELETE") return reply("", { status: [204, 200, 409, 404][below(4)] });
      return task(kind < 0.45 ? "COMPLETE" : ["IN_PROGRESS", "CANCELLING"][below(2)]);
    });
    const anaplan = await connect({
      fetch,
      attempts: 1 + below(6),
      auth: async () => `token${below(1e6)}`,
      requestsPerMinute: [10, 300, 1e6][below(3)],
      requestTimeout: 3_000,
    });
    const open = [];
    for (let i = 0; i < 40; i++) {
      const one = anaplan.task(ref(`T${below(4)}`));
      const controller = new AbortController();
      const options = { signal: controller.signal, interval: below(9_000), timeout: below(9e5) };
      const call = {
        status: () => one.status(options),
        cancel: () => one.cancel(options),
        outcome: () => one.outcome({ ...options, onAbort: "cancel" }),
        result: () => one.result(options),
        watch: async () => {
          let left = below(6);
          for await (const _ of one.watch(options)) if (!left--) break;
        },
        many: async () => {
          const refs = ["T0", "T1", "T2", "T3"].map((id) => ref(id));
          let left = below(20);
          for await (const _ of anaplan.watchAll(refs, { ...options, onError() {} })) {
            if (!left--) break;
          }
        },
      };
      const names = Object.keys(call);
      open.push(call[names[below(names.length)]]().catch((error) => error));
      if (random() < 0.3) setTimeout(() => controller.abort("enough"), below(60_000));
      await clock.pass(random() < 0.5 ? below(200) : below(20_000));
      if (random() < 0.1) clock.sleepMachine(below(3_600_000));
      if (random() < 0.05) clock.setWall(-below(3_600_000));
    }
    // And every one of them settles.
    await clock.until(Promise.allSettled(open));
    assert.ok(log.length > 20, `${log.length} requests`);
    assert.ok(closest(log) >= 5_000, `${closest(log)} ms apart, round ${round}`);
    await clock.pass(60_000);
    assert.equal(clock.timers(), 0);
  }
});
