import { parseArgs, type ParseArgsConfig } from "node:util";
import { nearest } from "./nearest.js";

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

export type Options = NonNullable<ParseArgsConfig["options"]>;

/** The values of `options` in `args`, which hold nothing else. */
export function parseOptions<T extends Options>(args: string[], options: T) {
  return parse(() => parseArgs({ args, options, strict: true, allowPositionals: false }), options)
    .values;
}

/** The values of `options` in `args`, and no more than `most` words beside them. */
export function parseArguments<T extends Options>(args: string[], options: T, most: number) {
  const found = parse(
    () => parseArgs({ args, options, strict: true, allowPositionals: true }),
    options,
  );
  const tooMany = found.positionals[most];
  if (tooMany !== undefined) {
    throw new UsageError(`'${tooMany}' is one argument too many; are there quotes missing?`);
  }
  return found;
}

function parse<T>(work: () => T, options: Options): T {
  try {
    return work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const [, unknown] = /^Unknown option '(--?[^'=]*)/.exec(text) ?? [];
    if (unknown === undefined) throw new UsageError(text);
    const [like] = nearest(
      unknown,
      Object.keys(options).map((name) => `--${name}`),
    );
    throw new UsageError(`unknown option '${unknown}'${like ? `; did you mean '${like}'?` : ""}`);
  }
}

/** A whole number from `least` to `most`. */
export function parseWhole(option: string, text: string, most: number, least = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const found = `found '${text}'`;
  throw new UsageError(`${option}: expected a whole number from ${least} to ${most}, ${found}`);
}
