// A Redis server that ends with the test, and the store over it.
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { findRedis } from "../../scripts/redis.mjs";

/**
 * Starts one on a free port, which keeps nothing: `{ url, start(), stop(signal) }`. `t` is the test,
 * or anything with `after`, that ends it.
 */
export async function startRedis(t) {
  const program = findRedis();
  if (!program) throw new Error("no Redis server; `npm test` installs one or says how to");
  const port = await freePort();
  let child;

  async function start() {
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", tmpdir()];
    const nothingKept = ["--save", "", "--appendonly", "no", "--daemonize", "no"];
    child = spawn(program, [...place, ...nothingKept], { stdio: ["ignore", "pipe", "ignore"] });
    let log = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (log += text));
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`the Redis server ended: ${log}`);
      await sleep(20);
    }
  }

  async function stop(signal = "SIGTERM") {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  }

  t.after(() => stop("SIGKILL"));
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    stop,
    signal: (name) => child.kill(name),
  };
}

/** A client for it, connected, that is closed with the test. */
export async function openClient(t, { url }, options, { connected = true } = {}) {
  const client = createClient({ url, ...options });
  // While the server is away there are errors; that is what some tests are about.
  client.on("error", () => {});
  t.after(() => client.destroy());
  if (connected) await client.connect();
  return client;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether a server is there and has loaded what it has. */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.setEncoding("utf8").once("data", (text) => {
      socket.destroy();
      resolve(text.startsWith("+PONG"));
    });
    socket.once("error", () => resolve(false)).once("close", () => resolve(false));
  });
}
