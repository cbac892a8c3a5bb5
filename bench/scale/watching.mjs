// Many tasks watched in one process, in time that is driven: `watching.mjs WAY COUNT`, and what it
// cost as JSON. Run with --expose-gc and --allow-natives-syntax.
import { Clock } from "./clock.mjs";
import { quantile } from "../stats.mjs";

const [way, count] = [process.argv[2], Number(process.argv[3])];
/** Questions that are asked before it counts, for the compilers, and then while it counts. */
const warmUp = Math.max(20_000, 2 * count);
const measured = 50_000;

// Eval, since only then does every tool take this file for JavaScript.
const runMicrotasks = (0, eval)("(() => %PerformMicrotaskCheckpoint())");

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const heap = () => {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};

/** Every memory of WebAssembly in this process. The core's is the largest: Node's fetch has one. */
const memories = [];
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const made = await instantiate(...given);
  const { exports } = made.instance ?? made;
  memories.push(...Object.values(exports).filter((one) => one instanceof WebAssembly.Memory));
  return made;
};
const wasm = () => Math.max(0, ...memories.map(({ buffer }) => buffer.byteLength));

const ref = (i) => ({
  workspaceId: "8A8B8C8D8E8F80818283848586878889",
  modelId: "0123456789ABCDEF0123456789ABCDEF",
  exportId: "116000000001",
  // In an order that is none.
  taskId: (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16).toUpperCase().padStart(32, "0"),
});

// An hour old: asked for every 30 to 33 seconds.
const body = JSON.stringify({
  meta: { schema: "https://api.anaplan.com/2/0/objects/task" },
  status: { code: 200, message: "Success" },
  task: {
    taskId: "C1B5FC0F66E94B7BA5F0FA5A1B5B0E7F",
    taskState: "IN_PROGRESS",
    currentStep: "Exporting rows",
    progress: 0.42,
    creationTime: 1_764_000_000_000 - 3_600_000,
  },
});

const clock = new Clock();
const due = new Map();
const lateness = [];
let asked = 0;

function fetch(url) {
  asked++;
  const taskId = url.slice(-32);
  const at = due.get(taskId);
  if (asked > warmUp && at !== undefined) lateness.push(Date.now() - at);
  return Promise.resolve({ status: 200, ok: true, type: "basic", text: async () => body });
}

/** Notes when the next question about a task is due. */
function heard(taskId, status) {
  due.set(taskId, status.nextPollAt);
}

/** By name, what starts to watch all tasks. */
const ways = {
  // What one would write by hand, without any check: what the harness costs, and the least there is.
  async "by hand"() {
    return (refs) => refs.forEach((ref) => void loop(ref));
    async function loop({ workspaceId, modelId, exportId, taskId }) {
      for (;;) {
        const path = `workspaces/${workspaceId}/models/${modelId}/exports/${exportId}/tasks/${taskId}`;
        const abort = new AbortController();
        const timer = setTimeout(() => abort.abort(), 30_000);
        const response = await fetch(`https://api.anaplan.com/2/0/${path}`, {
          headers: { Accept: "application/json" },
          signal: abort.signal,
        });
        const { task } = JSON.parse(await response.text());
        clearTimeout(timer);
        const wait = 30_000 * (1 + 0.1 * Math.random());
        heard(taskId, { ...task, nextPollAt: Date.now() + wait });
        await new Promise((resolve) => setTimeout(resolve, Math.ceil(wait)));
      }
    }
  },

  async watch() {
    const client = await connected();
    return (refs) => refs.forEach((ref) => void follow(client.task(ref).watch(), ref.taskId));
    async function follow(watch, taskId) {
      for await (const status of watch) heard(taskId, status);
    }
  },

  async watchAll() {
    const client = await connected();
    if (!client.watchAll) return;
    return (refs) => void follow(client.watchAll(refs));
    async function follow(watch) {
      for await (const status of watch) heard(status.ref.taskId, status);
    }
  },
};

async function connected() {
  const { connect } = await import(process.env.ENTRY ?? "anaplan-tasks");
  return connect({ fetch, requestsPerMinute: 1e9 });
}

async function main() {
  const start = await ways[way]();
  if (!start) return console.log("null");
  const refs = Array.from({ length: count }, (_, i) => ref(i));
  for (const { taskId } of refs) due.set(taskId, 0.5);
  clock.install();
  const before = { heap: heap(), wasm: wasm() };

  await inTurn(() => start(refs));
  await askUntil(warmUp);
  const after = { heap: heap(), wasm: wasm() };

  const [askedBefore, cpuBefore, timeBefore] = [asked, cpu(), clock.now];
  await askUntil(warmUp + measured);
  const micros = cpu() - cpuBefore;
  console.log(
    JSON.stringify({
      perPoll: micros / (asked - askedBefore),
      // Of one core, were the time that passed real.
      busy: micros / 1000 / (clock.now - timeBefore),
      wasm: (after.wasm - before.wasm) / count,
      heap: (after.heap - before.heap) / count,
      late: [0.5, 0.99, 1].map((part) => quantile(lateness, part)),
    }),
  );
  process.exit();
}

/** Lets time pass until so many questions were asked, with the host's own work in between. */
async function askUntil(limit) {
  while (asked < limit) await inTurn(() => clock.passUntil(clock.now + 1000, runMicrotasks));
}

/** Does it where the event loop would: within a microtask no others are run. */
function inTurn(work) {
  return new Promise((resolve) => {
    setImmediate(() => {
      work();
      resolve();
    });
  });
}

await main();
