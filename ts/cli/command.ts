import { parseArgs, type ParseArgsConfig } from "node:util";

/** One command. A new one is a file that exports one of these, and a line in the table. */
export interface Command {
  /** What it does, in the list of commands. */
  summary: string;
  /** All that `--help` says. */
  help: string;
  /** Does it. Resolves with the exit code when it has ended. */
  run(args: string[]): Promise<number>;
}

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {}

/** A failure that its message explains, so that no stack trace has to: exit code 1. */
export class Failed extends Error {}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The values of `options` in `args`, which hold nothing else. */
export function parseOptions<T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A whole number from `least` to `most`. */
export function parseWhole(option: string, text: string, most: number, least = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const found = `found '${text}'`;
  throw new UsageError(`${option}: expected a whole number from ${least} to ${most}, ${found}`);
}
