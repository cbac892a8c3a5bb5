#!/usr/bin/env node
// The command line: finds the command, and turns what it throws into a message and an exit code.
import { readFile } from "node:fs/promises";
import { Failed, UsageError, type Command } from "./cli/command.js";
import { gateway } from "./cli/gateway.js";
import { simulate } from "./cli/simulate.js";

const commands: Record<string, Command> = { gateway, simulate };

const help = `Anaplan's long-running tasks, on the command line.

Usage: anaplan-tasks <command> [options]

Commands:
${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}  ${summary}`)
  .join("\n")}

Options:
  -h, --help     what a command does, and an example
  -v, --version  the version

Example:
  npx anaplan-tasks simulate --port 8080
`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(help);
    return 2;
  }
  if (["-h", "--help", "help"].includes(name)) return print(help);
  if (["-v", "--version"].includes(name)) return print(`${await version()}\n`);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const kind = name.startsWith("-") ? "option" : "command";
    throw new UsageError(
      `unknown ${kind} '${name}'; there is: ${Object.keys(commands).join(", ")}`,
    );
  }
  if (args.includes("-h") || args.includes("--help")) return print(command.help);
  return command.run(args);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

// Whoever reads may have heard enough; other than that, what cannot be written is worth a word.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") process.stderr.write(`anaplan-tasks: ${error.message}\n`);
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`anaplan-tasks: ${error.message}\nSee anaplan-tasks --help\n`);
    process.exitCode = 2;
  } else {
    const text = error instanceof Failed ? error.message : String((error as Error)?.stack ?? error);
    process.stderr.write(`anaplan-tasks: ${text}\n`);
    process.exitCode = 1;
  }
}
