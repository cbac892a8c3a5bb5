// What one `status()` costs its process, beside the same request by hand. The server is another
// process; each call is for another task, since the client remembers one for five seconds.
import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as tick } from "node:timers/promises";
import { fork, spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { answers } from "./poll/answers.mjs";
import { byHand } from "./poll/by-hand.mjs";
import { interleaved, median, ratio, table, whole } from "./stats.mjs";

const token = "0123456789abcdef".repeat(20);
// Per block: enough for the clock of the processor's time, few enough to leave no garbage collected.
const calls = { running: 300, failed: 50 };
const rounds = Number(process.env.ROUNDS ?? 40);
// And other builds of the package to compare with, from the commit before for instance: paths of
// their pkg/index.js, with commas in between.
const entries = { "anaplan-tasks": "anaplan-tasks" };
for (const path of process.env.AGAINST?.split(",") ?? []) entries[path] = pathToFileURL(path).href;

async function main() {
  spaceOut();
  const server = fork(fileURLToPath(new URL("poll/server.mjs", import.meta.url)));
  const port = await new Promise((resolve) => server.once("message", resolve));
  const origin = `http://127.0.0.1:${port}`;
  if (process.argv.includes("--allocations")) {
    console.log(JSON.stringify(await measured(origin, allocations)));
  } else {
    const cpu = await measured(origin, cpuTime);
    report(cpu, allocationsOfAnotherProcess());
  }
  server.disconnect();
}

let asked = 0;

/**
 * Has 200 ms pass between two calls, by the clock that the client goes by: it remembers a task for
 * five seconds, and would have more to remember than in any use of it.
 */
function spaceOut() {
  const now = performance.now.bind(performance);
  performance.now = () => now() + 200 * asked;
}

/** Per answer and way of asking, what `measure` says of a call, round by round. */
async function measured(origin, measure) {
  const all = {};
  for (const name of Object.keys(answers)) {
    const runs = {};
    for (const [label, ask] of Object.entries(await ways(`${origin}/${name}`))) {
      runs[label] = () => measure(ask, Array.from({ length: calls[name] }, taskRef));
    }
    // Until the compilers are done with it.
    await interleaved(8, runs);
    all[name] = await interleaved(rounds, runs);
  }
  return all;
}

/** By label, what takes a task and gives a function that asks for it. */
async function ways(baseUrl) {
  const all = { "by hand": (ref) => () => byHand(baseUrl, token, ref) };
  for (const [label, entry] of Object.entries(entries)) {
    const { connect } = await import(entry);
    const client = await connect({ baseUrl, auth: token, requestsPerMinute: 1e9 });
    all[label] = (ref) => {
      const task = client.task(ref);
      return () => task.status();
    };
  }
  return all;
}

/** Microseconds of processor time, of all threads, for one call. */
async function cpuTime(ask, refs) {
  const asks = refs.map(ask);
  await ask(taskRef())();
  const before = process.cpuUsage();
  for (const status of asks) {
    asked++;
    await status();
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / refs.length;
}

/** Bytes of heap for one call: what it grew by while no garbage was collected. */
async function allocations(ask, refs) {
  const asks = refs.map(ask);
  await ask(taskRef())();
  globalThis.gc();
  let collected = 0;
  const observer = new PerformanceObserver((list) => (collected += list.getEntries().length));
  const before = process.memoryUsage().heapUsed;
  // Not before: the collection that was asked for is reported late.
  await tick();
  observer.observe({ entryTypes: ["gc"] });
  for (const status of asks) {
    asked++;
    await status();
  }
  const grown = process.memoryUsage().heapUsed - before;
  await tick();
  observer.disconnect();
  // Counted again, then: what is outside the heap is a reason to collect as well.
  return collected ? allocations(ask, refs.map(taskRef)) : grown / refs.length;
}

function allocationsOfAnotherProcess() {
  // Young objects get so much room that none is collected within a block.
  const room = ["--min-semi-space-size=256", "--max-semi-space-size=256", "--expose-gc"];
  const script = fileURLToPath(import.meta.url);
  const env = { ...process.env, ROUNDS: "8" };
  const { status, stdout } = spawnSync(process.execPath, [...room, script, "--allocations"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (status !== 0) throw new Error("the allocations could not be counted");
  return JSON.parse(stdout);
}

let counter = 0;

/** A task that nobody asked for before. */
function taskRef() {
  const hex = (++counter).toString(16).toUpperCase().padStart(8, "0");
  return {
    workspaceId: "8A8B8C8D8E8F80818283848586878889",
    modelId: "0123456789ABCDEF0123456789ABCDEF",
    exportId: "116000000001",
    // The digits that differ in front, as in ids that are random.
    taskId: [...hex].reverse().join("") + "4B7BA5F0FA5A1B5B0E7FC1B5",
  };
}

function report(cpu, heap) {
  const head = ["one call, answer", "bytes", "CPU µs", "times by hand", "heap bytes", "times"];
  const rows = Object.keys(answers).flatMap((name) => {
    const label = { running: "running", failed: "failed, 100 remarks" }[name];
    return Object.keys(cpu[name]).map((way) => [
      `${label}: ${way}`,
      whole(answers[name].length),
      whole(median(cpu[name][way])),
      way === "by hand" ? "1" : ratio(cpu[name][way], cpu[name]["by hand"]),
      whole(median(heap[name][way])),
      way === "by hand" ? "1" : ratio(heap[name][way], heap[name]["by hand"]),
    ]);
  });
  console.log(table(head, rows));
}

await main();
