// What it costs to watch many tasks in one process, poll by poll and byte by byte. Each run is a
// process of its own, since memory that WebAssembly once took it keeps; see scale/watching.mjs.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { interleaved, median, ratio, table, whole } from "./stats.mjs";

const script = fileURLToPath(new URL("scale/watching.mjs", import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 5);
const counts = [10, 1_000, 10_000, 50_000];
const ways = ["by hand", "watch", "watchAll"];

const runs = {};
for (const way of ways) {
  if ((await watching(way, 10)) === null) continue;
  for (const count of counts) runs[`${way} ${count}`] = () => watching(way, count);
}
const results = await interleaved(rounds, runs);

async function watching(way, count) {
  const flags = ["--expose-gc", "--allow-natives-syntax"];
  const given = [...flags, script, way, String(count)];
  const { stdout } = await promisify(execFile)(process.execPath, given);
  return JSON.parse(stdout);
}

const head = [
  "tasks, way",
  "CPU µs a poll",
  "times 10 tasks",
  "of one core",
  "wasm bytes a watch",
  "heap bytes a watch",
  "late ms: median",
  "99 of 100",
  "most",
];
const rows = ways
  .filter((way) => results[`${way} 10`])
  .flatMap((way) =>
    counts.map((count) => {
      const all = results[`${way} ${count}`];
      const of = (what) => all.map((result) => result[what]);
      // A few tasks disappear beside what else is on the heap.
      const bytes = (what) => (count < 1000 ? "" : whole(median(of(what))));
      const late = (i) => median(of("late").map((parts) => parts[i])).toFixed(1);
      return [
        `${whole(count)}, ${way}`,
        median(of("perPoll")).toFixed(1),
        count === 10 ? "1" : ratio(of("perPoll"), perPoll(way, 10)),
        `${(100 * median(of("busy"))).toFixed(2)} %`,
        bytes("wasm"),
        bytes("heap"),
        ...[0, 1, 2].map(late),
      ];
    }),
  );
console.log(table(head, rows));

function perPoll(way, count) {
  return results[`${way} ${count}`].map((result) => result.perPoll);
}
