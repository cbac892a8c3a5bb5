// What a download costs, beside curl and Node's own fetch, which get the same chunks one after
// another, over one connection that is kept. The server is another process on this machine.
import { execFile, fork, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { interleaved, median, ratio, table, whole } from "./stats.mjs";

const MB = 1e6;
const rounds = Number(process.env.ROUNDS ?? 6);
const cases = [
  { count: 100, size: 10 * MB, delay: 0 },
  { count: 100, size: 10 * MB, delay: 50 },
  { count: 2000, size: 50_000, delay: 0 },
  // Two minutes each time, for those who wait for every chunk.
  { count: 2000, size: 50_000, delay: 50, rounds: Math.ceil(rounds / 3) },
];

if (spawnSync("curl", ["--version"]).error) {
  console.log("curl is missing, so this part is left out.");
  process.exit();
}

const file = (name) => fileURLToPath(new URL(`download/${name}`, import.meta.url));
const run = promisify(execFile);
const server = fork(file("server.mjs"));
const port = await new Promise((resolve) => server.once("message", resolve));
const address = ({ delay, count, size }) =>
  `http://127.0.0.1:${port}/${delay}/${count}/${size}/2/0`;

try {
  const rows = [];
  for (const one of cases) {
    const runs = {
      curl: () => curl(one),
      "node fetch": () => node("fetch", one),
      "anaplan-tasks": () => node("client", one),
    };
    const results = await interleaved(one.rounds ?? rounds, runs);
    const of = (name, what) => results[name].map((run) => run[what]);
    for (const name of Object.keys(runs)) {
      const { count, size, delay } = one;
      rows.push([
        `${whole(count)} of ${size / MB} MB, ${delay} ms: ${name}`,
        speed((count * size) / MB / median(of(name, "seconds"))),
        name === "curl" ? "1" : ratio(of("curl", "seconds"), of(name, "seconds")),
        name === "node fetch" ? "1" : ratio(of("node fetch", "seconds"), of(name, "seconds")),
        median(of(name, "cpu")).toFixed(2),
        whole(median(of(name, "grown")) / MB),
      ]);
    }
  }
  const head = ["chunks, latency: way", "MB/s", "times curl", "times fetch", "CPU s", "MB held"];
  console.log(table(head, rows));

  const large = await node("client", { count: 200, size: 10 * MB, delay: 0 });
  console.log(
    `\n${whole(large.bytes / MB)} MB in one download: ${whole(large.grown / MB)} MB resident beyond the process's own ${whole(large.own / MB)}, ${whole(large.wasm / 1024)} kB more of WebAssembly's memory.`,
  );
} finally {
  server.disconnect();
}

function speed(rate) {
  return rate < 100 ? rate.toFixed(1) : whole(rate);
}

async function node(how, one) {
  const { stdout } = await run(process.execPath, [
    file("reading.mjs"),
    how,
    address(one),
    one.count,
  ]);
  const result = JSON.parse(stdout);
  if (result.bytes !== one.count * one.size) throw new Error(`${how} got ${result.bytes} bytes`);
  return result;
}

/** One process for all of them, so that the connection is kept. */
async function curl(one) {
  const chunks = `${address(one)}/workspaces/W/models/M/files/116000000001/chunks`;
  const config = Array.from(
    { length: one.count },
    (_, i) => `url = "${chunks}/${i}"\noutput = "/dev/null"\n`,
  ).join("");
  const began = performance.now();
  // The shell says what processor time its child took.
  const running = run("bash", ["-c", "curl --silent --fail --config - && times"]);
  let grown = 0;
  const watching = setInterval(() => (grown = Math.max(grown, peak(running.child.pid))), 20);
  running.child.stdin.end(config);
  const { stdout } = await running.finally(() => clearInterval(watching));
  const seconds = (performance.now() - began) / 1000;
  // The second line is about the children: user, system.
  const times = stdout
    .trim()
    .split("\n")[1]
    .matchAll(/(\d+)m([\d.]+)s/g);
  let cpu = 0;
  for (const [, minutes, rest] of times) cpu += Number(minutes) * 60 + Number(rest);
  return { seconds, cpu, grown };
}

/** The most that the shell's child ever held. */
function peak(shell) {
  try {
    const pids = readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim().split(" ");
    const status = readFileSync(`/proc/${pids[0]}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
