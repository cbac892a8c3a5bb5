// A gateway as a process.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { at } from "../../scripts/project.mjs";
import { runProgram } from "./process.mjs";

const cli = at("pkg", "cli.js");

/** The environment, without credentials that whoever runs the tests may have. */
function environment(env) {
  const rest = Object.entries(process.env).filter(
    ([name]) => !/^(ANAPLAN|REDIS)_|^NODE_OPTIONS$/.test(name),
  );
  return { ...Object.fromEntries(rest), ...env };
}

/** Runs `anaplan-tasks gateway` where it ends by itself. */
export function runGateway(args, { env = {}, program = cli, ...options } = {}) {
  return runProgram(process.execPath, [program, "gateway", ...args], {
    env: environment(env),
    // One that serves after all would not end.
    timeout: 20_000,
    ...options,
  });
}

/**
 * Starts a gateway on a free port that ends with the test, and waits for what it prints. Everything
 * may pass, unless `args` says otherwise.
 */
export async function startGateway(t, args, options = {}) {
  const { env = { ANAPLAN_TOKEN: "token-hush" }, input, cwd, program = cli } = options;
  const allow = args.includes("--allow") ? [] : ["--allow", "*/*/*:*"];
  const child = spawn(process.execPath, [program, "gateway", "--port", "0", ...allow, ...args], {
    env: environment(env),
    cwd,
  });
  t.after(() => child.kill("SIGKILL"));
  child.stdin.end(input);
  const exited = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  let stdout = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), exited]);
  const [origin] = /http:\/\/[^/"]+/.exec(stdout) ?? [];
  if (!origin) throw new Error(`it did not start: ${stdout}${stderr}`);
  return {
    child,
    origin,
    /** Resolves with `[code, signal]`. */
    exited,
    port: Number(new URL(origin).port),
    stdout: () => stdout,
    stderr: () => stderr,
    /** What it logged so far: each line must be an object of JSON. */
    log: () =>
      stderr
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    /** Resolves with the first line that `matches`, whether it is there already or not. */
    async logged(matches) {
      for (let tries = 0; tries < 500; tries += 1) {
        const lines = stderr.split("\n").slice(0, -1);
        const found = lines.map((line) => JSON.parse(line)).find(matches);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`no such line in the log:\n${stderr}`);
    },
  };
}

/** A connection over which a test says what no client would. */
export async function socketTo(t, port) {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk) => (text += chunk));
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, text: () => text, closed };
}

/** All of the answer to bytes of one's own making. */
export async function answerTo(t, port, bytes) {
  const { socket, text, closed } = await socketTo(t, port);
  socket.write(bytes);
  await closed;
  return text();
}
