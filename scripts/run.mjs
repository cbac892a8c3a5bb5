// Starting other programs, and saying plainly what went wrong.
import { spawn, spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { buildEnv, root } from "./project.mjs";

/** An error whose message is all that the user needs; no stack is printed for it. */
export class Stop extends Error {}

/** Runs a program with its output shown; throws `Stop` when it fails. */
export async function run(command, args, options) {
  const code = await exitCode(command, args, options);
  if (code !== 0) throw new Stop(`\`${[command, ...args].join(" ")}\` failed (exit code ${code})`);
}

/**
 * Runs a program and resolves to its exit code, or the signal that ended it; `onOutput` receives the
 * text it prints, as it comes, and after `limit` milliseconds it is killed.
 */
export function exitCode(command, args, { env, onOutput, limit } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...buildEnv(), ...env },
      stdio: ["ignore", onOutput ? "pipe" : "inherit", "inherit"],
    });
    const timer = limit && setTimeout(giveUp, limit);
    function giveUp() {
      child.kill("SIGKILL");
      // What it started may hold on to its output, and would be waited for.
      child.stdout?.destroy();
      resolve("SIGKILL");
    }
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      process.stdout.write(text);
      onOutput(text);
    });
    child.on("error", (cause) => reject(new Stop(`cannot start \`${command}\`: ${cause.message}`)));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal);
    });
  });
}

/** What a program prints, trimmed; undefined when it is not there or fails. */
export function ask(command, args) {
  const answer = spawnSync(command, args, {
    cwd: root,
    env: buildEnv(),
    encoding: "utf8",
    maxBuffer: 1e8,
  });
  return answer.status === 0 ? answer.stdout.trim() : undefined;
}

/** `npm` is a script on Windows, which cannot be started directly: go through the file npm names. */
export function npm(...args) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith("npm-cli.js")) return [process.execPath, [cli, ...args]];
  return process.platform === "win32" ? ["cmd", ["/c", "npm", ...args]] : ["npm", args];
}

export function say(message) {
  console.log(`anaplan-tasks: ${message}`);
}

/** Runs `main` when the file at `url` is the program that was started, and turns `Stop` into a message. */
export async function program(url, main) {
  // The path may lead through links, which the URL does not.
  const started = process.argv[1] && pathToFileURL(realpathSync(process.argv[1])).href;
  if (url !== started) return;
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Stop ? `\nanaplan-tasks: ${error.message}` : error);
    process.exitCode = 1;
  }
}
