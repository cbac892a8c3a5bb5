#!/usr/bin/env node
// The command line: finds the command, and turns what it throws into a message and an exit code.
import { readFile } from "node:fs/promises";
import { cancel } from "./cli/cancel.js";
import { Failed, UsageError, type Command } from "./cli/command.js";
import { download } from "./cli/download.js";
import { exit, exitHelp } from "./cli/exit.js";
import { gateway } from "./cli/gateway.js";
import { list } from "./cli/list.js";
import { login } from "./cli/login.js";
import { nearest } from "./cli/nearest.js";
import { run } from "./cli/run.js";
import { refuseSecrets } from "./cli/secrets.js";
import { simulate } from "./cli/simulate.js";
import { start } from "./cli/start.js";
import { status } from "./cli/status.js";
import { watchOutput } from "./cli/stdout.js";
import { upload } from "./cli/upload.js";
import { watch } from "./cli/watch.js";

const commands: Record<string, Command> = {
  run,
  start,
  watch,
  status,
  cancel,
  list,
  download,
  upload,
  login,
  gateway,
  simulate,
};

const help = `Anaplan's long-running tasks, on the command line.

Usage: anaplan-tasks <command> [options]

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}  ${summary}`)
  .join("\n")}

Options:
  -h, --help     what a command does, and an example: anaplan-tasks run --help
  -v, --version  the version

${exitHelp}

Example:
  npx anaplan-tasks simulate --port 8080
`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(help);
    return exit.usage;
  }
  if (["-h", "--help", "help"].includes(name)) {
    const about = args[0] !== undefined && Object.hasOwn(commands, args[0]) && commands[args[0]];
    return print(about ? about.help : help);
  }
  if (["-v", "--version"].includes(name)) return print(`${await version()}\n`);
  refuseSecrets([name, ...args]);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw unknown(name);
  if (args.includes("-h") || args.includes("--help")) return print(command.help);
  return command.run(args);
}

function unknown(name: string): UsageError {
  const names = Object.keys(commands);
  const kind = name.startsWith("-") ? "option" : "command";
  const [like] = nearest(name, names);
  const hint = like ? `did you mean '${like}'?` : `there is: ${names.join(", ")}`;
  return new UsageError(`unknown ${kind} '${name}'; ${hint}`);
}

function print(text: string): number {
  process.stdout.write(text);
  return exit.succeeded;
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

watchOutput();
const [name = ""] = process.argv.slice(2);
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    const about = Object.hasOwn(commands, name) ? ` ${name}` : "";
    process.stderr.write(`anaplan-tasks: ${error.message}\nSee anaplan-tasks${about} --help\n`);
    process.exitCode = exit.usage;
  } else {
    const text = error instanceof Failed ? error.message : String((error as Error)?.stack ?? error);
    process.stderr.write(`anaplan-tasks: ${text}\n`);
    process.exitCode = exit.failed;
  }
}
