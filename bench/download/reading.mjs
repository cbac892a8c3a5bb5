// One download in a process of its own: what it took, as JSON.
import { wasmMemory } from "../../tests/support/wasm-memory.mjs";

const [, , how, baseUrl, count] = process.argv;
const ref = { workspaceId: "W", modelId: "M", exportId: "116000000001" };

const memory = wasmMemory();

const ways = {
  async client() {
    const { connect } = await import("anaplan-tasks");
    // Anaplan's budget is left out: it is the same for all.
    const anaplan = await connect({ baseUrl, requestsPerMinute: 1e9 });
    const download = async () => (await anaplan.action(ref).download()).stream;
    await (await download()).cancel();
    return async function* () {
      yield* await download();
    };
  },
  async fetch() {
    const chunks = `${baseUrl}/workspaces/W/models/M/files/116000000001/chunks`;
    await (await fetch(chunks)).text();
    return async function* () {
      for (let i = 0; i < Number(count); i++) yield* (await fetch(`${chunks}/${i}`)).body;
    };
  },
};

const read = await ways[how]();
const before = { rss: process.memoryUsage.rss(), cpu: process.cpuUsage(), at: performance.now() };
const wasmBefore = memory();
let bytes = 0;
for await (const part of read()) bytes += part.length;
const seconds = (performance.now() - before.at) / 1000;
const { user, system } = process.cpuUsage(before.cpu);
console.log(
  JSON.stringify({
    bytes,
    seconds,
    cpu: (user + system) / 1e6,
    grown: process.resourceUsage().maxRSS * 1024 - before.rss,
    own: before.rss,
    wasm: memory() - wasmBefore,
  }),
);
