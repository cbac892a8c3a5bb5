// What a breakdown of the core leaves behind, by a core that panics when a task's id tells it to:
// src/bindings/drill.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { at } from "../../scripts/project.mjs";
import { runProgram } from "../support/process.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";
import { json } from "../support/server.mjs";

const entry = pathToFileURL(at("target", "panicking", "index.js")).href;
const moments = ["at-once", "after-await", "in-timer", "trap"];

/** Answers for every task, but for some only when another is asked for. */
function answer(request, response, { task: taskId, log }) {
  const inProgress = (to) => json(to, { task: { taskId, taskState: "IN_PROGRESS" } });
  log.held ??= [];
  if (taskId === "held" || taskId.startsWith("panic-")) return log.held.push(response);
  if (taskId === "release") for (const held of log.held.splice(0)) inProgress(held);
  return inProgress(response);
}

for (const moment of moments) {
  scenario(`a core that breaks down (${moment}) tells everybody, and the next one works`, {
    input: { moment },
    answer,
    run: async ({ connect, AnaplanError, baseUrl, model, input: { moment } }) => {
      const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      const { signal } = new AbortController();
      const taskOf = (client, taskId) => client.task({ ...model, taskId });
      const iterate = (task) => task.watch({ signal })[Symbol.asyncIterator]();

      const clients = [await connect({ baseUrl }), await connect({ baseUrl })];
      const open = await Promise.all(
        clients.map(async (client) => {
          const [task, held] = [taskOf(client, "running"), taskOf(client, "held")];
          const [waiting, idle] = [iterate(task), iterate(task)];
          await Promise.all([waiting.next(), idle.next()]);
          const [outcome, next] = [task.outcome({ timeout: 60_000 }), waiting.next()];
          const sent = [held.status({ signal }), held.cancel()];
          return { client, task, waiting, idle, pending: [outcome, next, ...sent] };
        }),
      );
      await sleep(50);

      const pending = open.flatMap(({ pending }) => pending);
      const settled = Promise.allSettled(pending);
      const panic = () => taskOf(clients[0], `panic-on-demand-${moment}`).status();
      const errors = [await whyNot(panic)];
      errors.push(...(await settled).map(({ reason }) => reason));

      // Before anything of the broken core's fires, there is another.
      const fresh = await connect({ baseUrl });
      const waiting = iterate(taskOf(fresh, "running"));
      const phases = [(await waiting.next()).value.phase];

      for (const { client, task, waiting, idle } of open) {
        for (const call of [
          () => taskOf(client, "another"),
          () => client.task("not a task's URL"),
          () => task.watch(),
          () => task.status(),
          () => task.cancel(),
          () => task.outcome(),
          () => idle.next(),
        ]) {
          errors.push(await whyNot(call));
        }
        client.close();
        client[Symbol.dispose]?.();
        await Promise.all([waiting.return(), idle.return()]);
      }

      // The answers that the broken core was waiting for.
      phases.push((await taskOf(fresh, "release").status()).phase);
      await sleep(100);
      phases.push((await taskOf(fresh, "late").status()).phase);
      const next = waiting.next();
      await waiting.return();
      const { done } = await next;
      const told = new Set(errors.map((error) => error?.message));
      return {
        count: errors.length,
        codes: [...new Set(errors.map((error) => error instanceof AnaplanError && error.code))],
        told: [...told],
        phases,
        done,
      };

      async function whyNot(call) {
        try {
          return await call();
        } catch (error) {
          return error;
        }
      }
    },
    check: ({ count, codes, told, phases, done }) => {
      assert.equal(count, 1 + 2 * (4 + 7));
      assert.deepEqual(codes, ["INTERNAL"]);
      assert.equal(told.length, 1);
      const place =
        moment === "trap" ? /RuntimeError: unreachable/ : /src\/bindings\/drill\.rs:\d+/;
      assert.match(told[0], place);
      assert.match(told[0], /please report it/);
      assert.deepEqual(phases, ["running", "running", "running"]);
      assert.equal(done, true);
    },
  });
}

scenario("a core that breaks down within a call of its own goes no further", {
  answer,
  run: async ({ connect, model }) => {
    const inner = [];
    const urls = [];
    const anaplan = await connect({
      fetch: (url) => {
        urls.push(url);
        try {
          anaplan.task({ ...model, taskId: "panic-on-demand-at-once" });
        } catch (error) {
          inner.push(error.code);
        }
        return Promise.resolve(Response.json({ task: { taskId: "T", taskState: "COMPLETE" } }));
      },
    });
    const calls = await Promise.allSettled(
      ["A", "B", "C"].flatMap((taskId) => {
        const task = anaplan.task({ ...model, taskId });
        return [task.status(), task.outcome(), task.cancel()];
      }),
    );
    const codes = calls.map(({ reason }) => reason?.code);
    return { inner, codes, count: urls.length };
  },
  check: ({ inner, codes, count }) => {
    assert.deepEqual(inner, ["INTERNAL"]);
    assert.deepEqual(codes, Array(9).fill("INTERNAL"));
    assert.equal(count, 1);
  },
});

// A core that breaks down takes along every client that was made with it.
runScenarios(entry, { inPages: "/target/panicking/index.js", apart: true });

const ref = JSON.stringify({ workspaceId: "W", modelId: "M", exportId: "E" });

/** Runs a script in which `breakDown(anaplan)` does what it says. */
async function runScript(script, ...flags) {
  const text = `
    import { connect } from "${entry}";
    const breakDown = (anaplan) => {
      try {
        anaplan.task({ ...${ref}, taskId: "panic-on-demand-at-once" });
      } catch (error) {
        if (error.code !== "INTERNAL") throw error;
      }
    };
    const running = async () => Response.json({ task: { taskId: "T", taskState: "IN_PROGRESS" } });
    ${script}
  `;
  const args = [...flags, "--input-type=module", "--eval", text];
  return runProgram(process.execPath, args, { cwd: at(), timeout: 60_000 });
}

test("a process ends although a broken core's timers were to run for long", async () => {
  const { code, stdout, stderr } = await runScript(`
    const anaplan = await connect({ fetch: () => new Promise(() => {}), requestTimeout: 3_600_000 });
    const call = anaplan.task({ ...${ref}, taskId: "T" }).outcome({ timeout: 3_600_000 });
    setTimeout(breakDown, 20, anaplan);
    console.log(await call.catch(({ code }) => code));
  `);
  assert.deepEqual([code, stdout, stderr], [0, "INTERNAL\n", ""]);
});

test("a thousand broken cores are collected, whoever holds their clients", async () => {
  const { code, stdout, stderr } = await runScript(
    `
    import { setMaxListeners } from "node:events";
    const instances = [];
    let compiled = 0;
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...args) => {
      const result = await instantiate(...args);
      const { memory } = (result.instance ?? result).exports;
      // Node has a core of its own for HTTP.
      if (!args[1]["./core_bg.js"]) return result;
      if (result.instance) compiled++;
      instances.push(new WeakRef(memory.buffer), new WeakRef(memory));
      return result;
    };
    const { signal } = new AbortController();
    // Their listeners stay, and hold nothing.
    setMaxListeners(0, signal);
    const never = new Promise(() => {});
    const kept = [];
    for (let i = 0; i < 1_000; i++) {
      const anaplan = await connect({ fetch: i % 2 ? running : () => never });
      const task = anaplan.task({ ...${ref}, taskId: "T" });
      const watch = task.watch({ signal })[Symbol.asyncIterator]();
      const pending = [watch.next(), task.outcome({ signal, timeout: 3_600_000 })];
      kept.push(anaplan, task, watch, ...pending);
      // Of half of them something has been answered.
      if (i % 2) await pending[0];
      breakDown(anaplan);
      await Promise.allSettled(pending);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    gc();
    const alive = instances.filter((instance) => instance.deref()).length;
    console.log(kept.length, instances.length, compiled, alive);
  `,
    "--expose-gc",
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const [kept, instances, compiled, alive] = stdout.split(" ").map(Number);
  assert.deepEqual([kept, instances, compiled], [5_000, 2_000, 1]);
  assert.ok(alive < 10, `${alive} are still alive`);
});

test("the core that was given serves again after a breakdown", async () => {
  const { code, stdout, stderr } = await runScript(`
    import { readFile } from "node:fs/promises";
    const bytes = await readFile(new URL("core_bg.wasm", "${entry}"));
    const headers = { "Content-Type": "application/wasm" };
    // Which can be read once.
    const first = await connect({ fetch: running, wasm: new Response(bytes, { headers }) });
    breakDown(first);
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = (module, ...rest) => {
      console.log(module instanceof WebAssembly.Module);
      WebAssembly.instantiate = instantiate;
      return instantiate(module, ...rest);
    };
    const next = await connect({ fetch: running });
    console.log((await next.task({ ...${ref}, taskId: "T" }).status()).phase);
  `);
  assert.deepEqual([code, stdout, stderr], [0, "true\nrunning\n", ""]);
});
