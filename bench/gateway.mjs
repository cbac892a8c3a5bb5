// What the gateway takes for a shared status answer, beside nginx with `proxy_cache` for five seconds
// in front of the same simulated Anaplan. `wrk` is the load, from a process of its own; server and
// load have a core each. Needs nginx and wrk (on Debian: `apt-get install nginx-light wrk`).
import { execFileSync, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { interleaved, median, ratio, table, whole } from "./stats.mjs";

const rounds = Number(process.env.ROUNDS ?? 6);
const seconds = 10;
const file = (name) => fileURLToPath(new URL(`gateway/${name}`, import.meta.url));

for (const [program, flag] of [
  ["nginx", "-v"],
  ["wrk", "-v"],
  ["taskset", "-V"],
]) {
  try {
    execFileSync(program, [flag], { stdio: "ignore" });
  } catch (error) {
    // wrk says its version and fails.
    if (error.code !== "ENOENT") continue;
    console.log(`${program} is missing, so this part is left out.`);
    process.exit();
  }
}

const folder = mkdtempSync(join(tmpdir(), "gateway-bench-"));
const upstream = fork(file("upstream.mjs"));
const { port, token, path } = await next(upstream);
const baseUrl = `http://127.0.0.1:${port}/2/0`;
const servers = { nginx: await startNginx(), gateway: await startGateway() };
servers["node alone"] = await startBare(servers.gateway.port);
const urls = Object.fromEntries(
  Object.entries(servers).map(([name, { port }]) => [
    name,
    `http://127.0.0.1:${port}/anaplan${path}`,
  ]),
);

try {
  const runs = {};
  for (const [name, url] of Object.entries(urls)) runs[name] = () => load(url);
  // Until the compilers are done with it.
  await interleaved(1, runs);
  const results = await interleaved(rounds, runs);
  const of = (name, what) => results[name].map((run) => run[what]);
  console.log(
    table(
      ["server", "answers a second", "times nginx", "ms: median", "99 of 100", "questions a run"],
      Object.keys(runs).map((name) => [
        name,
        whole(median(of(name, "rate"))),
        name === "nginx" ? "1" : ratio(of(name, "rate"), of("nginx", "rate")),
        median(of(name, "median")).toFixed(2),
        median(of(name, "slow")).toFixed(2),
        median(of(name, "questions")),
      ]),
    ),
  );
  console.log(
    `\nEach run: ${seconds} s, 64 connections, one task, so that ${seconds / 5} to ${seconds / 5 + 1} questions are right.\n`,
  );
  const rows = [];
  for (const [name, { port, pids }] of Object.entries(servers)) {
    const before = resident(pids());
    const sockets = await open(port, 10_000);
    await sleep(1_000);
    rows.push([name, whole(before / 1e6), whole(resident(pids()) / 1e6)]);
    for (const socket of sockets) socket.destroy();
  }
  console.log(table(["server", "MB resident", "with 10 000 connections open"], rows));
} finally {
  upstream.disconnect();
  for (const { stop } of Object.values(servers)) stop();
  rmSync(folder, { recursive: true, force: true });
}

async function startNginx() {
  const free = await freePort();
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `${process.getuid() === 0 ? "user root;" : ""} worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log; daemon off;
     worker_rlimit_nofile 30000;
     events { worker_connections 20000; }
     http {
       access_log off;
       client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
       fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       keepalive_requests 1000000; keepalive_timeout 600;
       proxy_cache_path ${folder}/cache keys_zone=tasks:1m;
       server {
         listen 127.0.0.1:${free} backlog=8192;
         location /anaplan/ {
           proxy_pass ${baseUrl}/;
           proxy_set_header Authorization "AnaplanAuthToken ${token}";
           proxy_cache tasks; proxy_cache_valid 200 5s; proxy_cache_lock on; proxy_cache_use_stale updating;
           proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
           add_header X-Content-Type-Options nosniff;
         }
       }
     }`,
  );
  const child = spawn("taskset", ["-c", "0", "nginx", "-c", config], { stdio: "inherit" });
  await sleep(1_000);
  const pids = () => [child.pid, ...children(child.pid)];
  return { port: free, pids, stop: () => child.kill() };
}

async function startGateway() {
  const free = await freePort();
  const child = fork(file("server.mjs"), {
    env: { ...process.env, GATEWAY: JSON.stringify({ baseUrl, token, port: free }) },
  });
  await next(child);
  execFileSync("taskset", ["-a", "-c", "-p", "0", String(child.pid)], { stdio: "ignore" });
  return { port: free, pids: () => [child.pid], stop: () => child.disconnect() };
}

/** Answers what the gateway answers. */
async function startBare(gateway) {
  const free = await freePort();
  const answer = await fetch(`http://127.0.0.1:${gateway}/anaplan${path}`);
  const kept = ["cache-control", "content-security-policy", "content-type", "vary"];
  const names = [...kept, "cross-origin-resource-policy", "x-content-type-options"];
  const headers = Object.fromEntries(names.map((name) => [name, answer.headers.get(name)]));
  const bare = { port: free, headers, body: await answer.text() };
  const child = fork(file("bare.mjs"), { env: { ...process.env, BARE: JSON.stringify(bare) } });
  await next(child);
  execFileSync("taskset", ["-a", "-c", "-p", "0", String(child.pid)], { stdio: "ignore" });
  return { port: free, pids: () => [child.pid], stop: () => child.disconnect() };
}

/** One run of wrk, and how often the upstream was asked meanwhile. */
async function load(url) {
  await questions();
  const args = ["-c", "1", "wrk", "-t1", "-c64", `-d${seconds}s`, "--latency", url];
  const said = await output("taskset", args);
  if (/Non-2xx/.test(said)) console.log(/Non-2xx.*/.exec(said)[0]);
  const number = (pattern) => Number(pattern.exec(said)[1]);
  const millis = (pattern) => {
    const [, value, unit] = pattern.exec(said);
    return value * { us: 0.001, ms: 1, s: 1_000 }[unit];
  };
  return {
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    median: millis(/50%\s+([\d.]+)(us|ms|s)/),
    slow: millis(/99%\s+([\d.]+)(us|ms|s)/),
    questions: await questions(),
  };
}

async function questions() {
  upstream.send("how many");
  return (await next(upstream)).questions;
}

function next(child) {
  return new Promise((resolve) => child.once("message", resolve));
}

function output(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    child.once("error", reject);
    child.once("close", () => resolve(text));
  });
}

async function open(port, count) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: 200 }, () => connected(port));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

function connected(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).once("error", reject);
  });
}

function resident(pids) {
  const kilobytes = (pid) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  return pids.reduce((sum, pid) => sum + kilobytes(pid) * 1_024, 0);
}

function children(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
}

async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
