// Nothing hangs, nothing leaks: memory after very many watches, and processes that end by themselves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { runProgram } from "../support/process.mjs";

/** What every script begins with: a client whose requests stay in memory. */
const prelude = `
  import { connect } from "anaplan-tasks";
  const ref = (taskId) => ({ workspaceId: "W", modelId: "M", exportId: "E", taskId });
  const body = JSON.stringify({ task: { taskId: "T", taskState: "IN_PROGRESS" } });
  let requests = 0;
  const fetch = async () => (requests++, { status: 200, headers: new Headers(), text: async () => body });
  const anaplan = await connect({ fetch, requestsPerMinute: 1e9 });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
`;

/**
 * For scripts that look at memory. The collector finishes what it found in turns of its own, which are
 * later the more there is to do elsewhere: so it is called often enough that little is due at any
 * moment, and what is due in the end is waited for.
 */
const memoryPrelude = `
  const { wasmMemory } = await import("./tests/support/wasm-memory.mjs");
  const memory = wasmMemory();
  // Another copy, whose memory is seen.
  const copy = await import(import.meta.resolve("anaplan-tasks") + "?memory");
  // What was asked for is remembered for five seconds.
  let now = 0;
  performance.now = () => now;
  const collected = async () => {
    let isOver = false;
    const registry = new FinalizationRegistry(() => (isOver = true));
    (() => registry.register({}))();
    while (!isOver) gc(), await turn();
  };
  /** What is taken after doing \`step\` so many times. */
  const after = async (many, step) => {
    for (let i = 0; i < many; i++) {
      now += 6_000;
      await step();
      if (i % 2_000 === 0) gc(), await turn();
    }
    // What one round lets go may have held what the next one finds.
    for (let i = 0; i < 10; i++) await collected();
    return { heap: process.memoryUsage().heapUsed, wasm: memory() };
  };
`;

/** Runs a script to its own end; one that hangs would do so for ever. */
async function run(script, ...flags) {
  const args = [...flags, "--input-type=module", "--eval", prelude + script];
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: at() });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

/**
 * Of two stretches of the same length, one takes no more than the engine's own: what comes late, and once,
 * as compiled code does, comes in one of them, and what stays of each watch or start in both.
 */
async function assertNoGrowth(script) {
  const taken = JSON.parse(await run(memoryPrelude + script, "--expose-gc"));
  const least = (of) => Math.min(taken[1][of] - taken[0][of], taken[2][of] - taken[1][of]);
  assert.ok(least("wasm") <= 0, `${least("wasm")} bytes more`);
  assert.ok(least("heap") < 200_000, `${least("heap")} bytes more`);
}

/** Ways to leave a watch behind, each with nothing awaited any more. */
const forgotten = {
  "an iterator of watchAll": `
    await anaplan.watchAll([ref("a"), ref("b")])[Symbol.asyncIterator]().next();`,
  "an iterator of watchAll that is waiting, once it returned": `
    const iterator = anaplan.watchAll([ref("a"), ref("b")])[Symbol.asyncIterator]();
    for (let i = 0; i < 2; i++) await iterator.next();
    const waiting = iterator.next();
    await turn();
    await iterator.return();
    await waiting;`,
  "a loop over watchAll": `
    for await (const _ of anaplan.watchAll([ref("a"), ref("b")])) break;`,
  "a subscription that was ended": `
    const { subscribe } = anaplan.task(ref("a")).watch();
    let end;
    await new Promise((resolve) => (end = subscribe(resolve)));
    end();`,
  "a subscription that was ended before its first status": `
    anaplan.task(ref("a")).watch().subscribe(() => {})();`,
  "an outcome that was aborted": `
    const controller = new AbortController();
    const outcome = anaplan.task(ref("a")).outcome({ signal: controller.signal, timeout: 1e9 });
    await turn();
    controller.abort("enough");
    await outcome.catch((reason) => reason);`,
  "calls that wait for a token, once aborted": `
    const other = await connect({ fetch, auth: () => new Promise(() => {}) });
    const controller = new AbortController();
    const calls = ["status", "cancel", "outcome"].map((method) =>
      other.task(ref("a"))[method]({ signal: controller.signal }).catch((reason) => reason));
    await turn();
    controller.abort("enough");
    await Promise.all(calls);`,
  "calls in the queue and in a pause, once aborted": `
    const limited = async () => ({ status: 429, headers: new Headers({ "Retry-After": "60" }), text: async () => "" });
    const other = await connect({ fetch: limited, requestsPerMinute: 10 });
    const controller = new AbortController();
    const calls = Array.from({ length: 20 }, (_, i) =>
      other.task(ref("a" + i)).status({ signal: controller.signal }).catch((reason) => reason));
    await turn();
    controller.abort("enough");
    await Promise.all(calls);`,
  "a client that was closed": `
    const open = [
      anaplan.task(ref("a")).outcome().catch((reason) => reason),
      anaplan.watchAll([ref("a"), ref("b")])[Symbol.asyncIterator]().next(),
    ];
    anaplan.task(ref("c")).watch().subscribe(() => {});
    await turn();
    anaplan.close();
    await Promise.all(open);`,
  "a watch with a signal that cancels": `
    const { signal } = new AbortController();
    await anaplan.watchAll([ref("a")], { signal, onAbort: "cancel" })[Symbol.asyncIterator]().next();`,
};

describe("a process ends by itself after", { concurrency: true }, () => {
  for (const [name, script] of Object.entries(forgotten)) {
    test(name, async () => {
      // At once, that is: there is no timer that it would have to wait for.
      const look = `
        for (let i = 0; i < 5; i++) await turn();
        const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout");
        console.log("end", timers.length);`;
      assert.equal(await run(script + look), "end 0\n");
    });
  }
});

test("a process stays while a subscriber waits", async () => {
  const script = `
    const { subscribe } = anaplan.task(ref("a")).watch();
    const end = subscribe(() => {
      if (requests > 1) end();
    });
    process.on("exit", () => console.log(requests));`;
  assert.equal(await run(script), "2\n");
});

test("a hundred thousand watches leave memory where it was", async () => {
  const script = `
    const history = { load: () => [], save() {} };
    const client = await copy.connect({ fetch, requestsPerMinute: 1e9, history, onEvent() {} });
    const controller = new AbortController();
    const { signal } = controller;
    // As the host's does, it gives up when it is told to.
    const waiting = (url, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const silent = await copy.connect({ fetch: waiting, requestsPerMinute: 1e9 });
    const busy = await copy.connect({ fetch, requestsPerMinute: 1 });
    const ways = [
      async ({ ref }) => {
        const own = new AbortController();
        const calls = [silent, busy].flatMap((client) =>
          ["status", "cancel", "outcome"].map((method) =>
            client.task(ref)[method]({ signal: own.signal }).catch(() => {})));
        await turn();
        own.abort();
        await Promise.all(calls);
      },
      async (task) => { for await (const _ of task.watch({ signal, timeout: 1e9 })) break; },
      async (task) => {
        const iterator = task.watch({ signal, onAbort: "cancel" })[Symbol.asyncIterator]();
        await iterator.next();
        const waiting = iterator.next();
        await iterator.return();
        await waiting;
      },
      async (task) => { await new Promise((resolve) => { const end = task.watch().subscribe(() => (end(), resolve())); }); },
      async (task) => {
        for await (const _ of client.watchAll([task.ref, { ...task.ref, taskId: "other" }], { signal })) break;
      },
      async (task) => {
        const own = new AbortController();
        const outcome = task.outcome({ signal: own.signal }).catch(() => {});
        await null;
        own.abort();
        await outcome;
      },
    ];
    let count = 0;
    const step = () => ways[count % ways.length](client.task(ref("T" + count++)));
    await after(12_000, step);
    console.log(JSON.stringify([await after(6_000, step), await after(50_000, step), await after(50_000, step)]));`;
  await assertNoGrowth(script);
});

test("ten thousand starts and lists leave memory where it was", async () => {
  const script = `
    let tasks = [];
    let count = 0;
    const reply = (body, status = 200) =>
      ({ status, headers: new Headers({ Date: new Date().toUTCString() }), text: async () => JSON.stringify(body) });
    const rows = Array.from({ length: 20 }, (_, i) => ({ id: "I" + i, name: "row " + i, code: "c" }));
    const answer = (lose) => async (url, { method }) => {
      if (method === "DELETE") return reply({});
      if (method === "POST") {
        const made = { taskId: "N" + count++, taskState: "IN_PROGRESS", creationTime: Date.now() };
        tasks = [made];
        return lose ? reply({}, lose) : reply({ task: made });
      }
      if (url.includes("/tasks?")) return reply({ tasks });
      if (url.includes("/exports?")) return reply({ exports: rows });
      return reply({ task: { taskId: "T", taskState: "IN_PROGRESS" } });
    };
    const client = (lose) => copy.connect({ fetch: answer(lose), requestsPerMinute: 1e9 });
    const [good, lost, refused] = await Promise.all([client(), client(502), client(423)]);
    const none = await copy.connect({
      fetch: async (url, { method }) => (method === "POST" ? reply({}, 502) : reply({})),
      requestsPerMinute: 1e9,
    });
    const { exportId, ...model } = ref();
    const action = (anaplan) => anaplan.action({ ...model, exportId: "E" });
    const aborted = async (call, turns = 4) => {
      const controller = new AbortController();
      const end = call(controller.signal).catch(() => {});
      for (let i = 0; i < turns; i++) await turn();
      controller.abort();
      await end;
    };
    const ways = [
      () => action(good).start(),
      () => aborted((signal) => action(lost).start({ signal })),
      () => aborted((signal) => action(none).start({ signal })),
      () => aborted((signal) => action(refused).start({ signal })),
      () => aborted((signal) => action(good).run({ signal, onAbort: "cancel" }), count % 5),
      () => aborted((signal) => action(none).run({ signal, onAbort: "cancel" }), 0),
      async () => { for await (const _ of good.exports(model)); },
      async () => { for await (const _ of good.exports(model)) break; },
      async () => { for await (const _ of action(good).tasks()); },
      () => aborted(async (signal) => { for await (const _ of good.exports(model, { signal })) await turn(); }),
      async () => { good.exports(model)[Symbol.asyncIterator](); },
      () => action(good).metadata().catch(() => {}),
    ];
    let number = 0;
    const step = () => ways[number++ % ways.length]();
    await after(4_000, step);
    console.log(JSON.stringify([await after(1_000, step), await after(5_000, step), await after(5_000, step)]));
    process.exit();`;
  await assertNoGrowth(script);
});
