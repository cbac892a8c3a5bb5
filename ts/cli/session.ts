// What all commands that speak to Anaplan share: the connection, the user's signals, and how it is
// told what went wrong.
import type { AnaplanError } from "../error.js";
import type { ActionRef, Anaplan, Auth, CallOptions, TaskRef } from "../types.js";
import { Failed, parseArguments, UsageError, type Command, type Options } from "./command.js";
import {
  authOf,
  baseUrlOf,
  connectionAgain,
  connectionOptions,
  open,
  type ConnectionOptions,
} from "./connection.js";
import { codeOfError, exit, isAnaplanError } from "./exit.js";
import { Interrupted, Interruption } from "./interruption.js";
import { errorText } from "./outcome.js";
import { inOptions, urlOf } from "./reference.js";
import { reportFor, reportOptions, type Report } from "./report.js";
import { quoted } from "./text.js";

const shared = { ...connectionOptions, ...reportOptions } as const;

/** The values of a command's options. */
export type ValuesOf<T extends Options> = ReturnType<
  typeof parseArguments<T & typeof shared>
>["values"];

/** What a command works with. */
export interface Session<T extends Options> {
  anaplan: Anaplan;
  values: ValuesOf<T>;
  /** Whether anything says who it is. */
  hasCredential: boolean;
  /** What was given without an option. */
  words: string[];
  report: Report;
  interruption: Interruption;
  /** For calls that end with the user's first signal. */
  call: CallOptions;
  /** A reference as users give it. */
  urlOf(ref: ActionRef | TaskRef): string;
  /** The command line that does `command` with `ref`, by the same connection. */
  again(command: string, ref: ActionRef | TaskRef, more?: string): string;
  /** What a user who interrupts, or who no longer waits, is to know; asked for at that moment. */
  onward: ((error?: AnaplanError) => Onward | undefined) | undefined;
}

/** How it goes on after this command. */
export interface Onward {
  /** What is the matter: "the task runs on". */
  text: string;
  /** What to type. */
  resume?: string;
  /** What it is about. */
  url?: string;
}

/** A task that is waited for no longer. */
export class TimedOut extends Error {}

interface Description<T extends Options> {
  summary: string;
  help: string;
  options: T;
  /** How many words there may be without an option. */
  words: number;
  /** Which of them may be a URL that says where Anaplan is. */
  reference?: (words: string[]) => string | undefined;
  /** Who it is, where that is not what the user's credentials say. */
  auth?: (options: ConnectionOptions, report: Report) => Promise<Auth>;
  work(session: Session<T>): Promise<number>;
}

/** A command that speaks to Anaplan. */
export function clientCommand<const T extends Options>(one: Description<T>): Command {
  const { summary, help } = one;
  return { summary, help, run: (args) => run(one, args) };
}

async function run<T extends Options>(one: Description<T>, args: string[]): Promise<number> {
  const options = { ...shared, ...one.options };
  const { values, positionals } = parseArguments(args, options, one.words);
  const settings = values as ReturnType<typeof parseArguments<typeof shared>>["values"];
  const report = reportFor(settings);
  const url = one.reference ? one.reference(positionals) : positionals[0];
  let session: Session<T> | undefined;
  const interruption = new Interruption(() => {
    report.end();
    const onward = session?.onward?.();
    if (onward) report.fail(`ended; ${onwardText(onward)}`, { type: "interrupted", ...onward });
  });
  try {
    const baseUrl = baseUrlOf(settings, url);
    // A credential that is read from standard input would be waited for all the same.
    const end = () => process.exit(tell(interruption.signal.reason, report, undefined));
    interruption.signal.addEventListener("abort", end);
    const auth = await (one.auth?.(settings, report) ?? authOf(settings, baseUrl));
    interruption.signal.removeEventListener("abort", end);
    const anaplan = await open(settings, baseUrl, auth, (event) => report.event(event));
    session = {
      anaplan,
      values: values as ValuesOf<T>,
      hasCredential: auth !== undefined,
      words: positionals,
      report,
      interruption,
      call: { signal: interruption.signal },
      urlOf: (ref) => urlOf(ref, baseUrl),
      again: (command, ref, more = "") => {
        const target = urlOf(ref, baseUrl);
        const rest = more + connectionAgain(settings, target);
        return `npx anaplan-tasks ${command} ${quoted(target)}${rest}`;
      },
      onward: undefined,
    };
    return await one.work(session);
  } catch (error) {
    return tell(error, report, session);
  } finally {
    report.end();
    interruption.end();
    session?.anaplan.close();
  }
}

/** Says what went wrong, and gives the exit code for it; wrong use is for others to tell. */
function tell<T extends Options>(
  thrown: unknown,
  report: Report,
  session: Session<T> | undefined,
): number {
  const error = inOptions(thrown);
  if (error instanceof UsageError) throw error;
  if (error instanceof Interrupted) {
    const onward = session?.onward?.() ?? { text: "nothing was started" };
    report.fail(`interrupted; ${onwardText(onward)}`, { type: "interrupted", ...onward });
    return exit.interrupted;
  }
  if (error instanceof TimedOut) {
    const onward = session?.onward?.() ?? { text: "" };
    report.fail(`${error.message}; ${onwardText(onward)}`, { type: "timeout", ...onward });
    return exit.timedOut;
  }
  if (error instanceof Failed) {
    report.fail(error.message, { type: "error", message: error.message, exitCode: exit.failed });
    return exit.failed;
  }
  if (isOfSystem(error)) {
    const { message } = error;
    const onward = session?.onward?.();
    const lines = onward ? [message, onwardText(onward)] : [message];
    const { failed: exitCode } = exit;
    report.fail(lines.join("\n"), { type: "error", message, ...onward, exitCode });
    return exitCode;
  }
  if (!isAnaplanError(error)) throw error;

  const exitCode = codeOfError(error);
  const onward = session?.onward?.(error);
  const lines = [errorText(error)];
  if (error.code === "UNAUTHORIZED" && session && !session.hasCredential) {
    lines.push("No credential was given: set ANAPLAN_TOKEN, or see --help for the others.");
  }
  for (const { ref, taskState } of error.candidates ?? []) {
    lines.push(`  ${taskState}  ${session ? session.urlOf(ref) : ref.taskId}`);
  }
  if (exitCode === exit.uncertain) lines.push(uncertain(error.candidates?.length ?? 0));
  if (onward) lines.push(onwardText(onward));
  report.fail(lines.join("\n"), { type: "error", ...error.toJSON(), ...onward, exitCode });
  return exitCode;
}

/** Whether the machine says that something cannot be done: that a disk is full, say. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function uncertain(candidates: number): string {
  if (!candidates) return "No new task is known. Look again in a minute before you start it again.";
  return (
    "If one of these is yours, follow it with: npx anaplan-tasks watch URL\n" +
    "If none is, nothing was started, and you can start it again."
  );
}

function onwardText({ text, resume }: Onward): string {
  return resume ? `${text}. To go on:\n  ${resume}` : text;
}
