// What a command says while it works: to a person, to a log, or to a program.
import type { ClientEvent, TaskRef, TaskStatus, TransferProgress } from "../types.js";
import { LiveLine } from "./live.js";
import { outcomeText } from "./outcome.js";
import { beginOf, taskLine, taskWords, transferLine } from "./progress.js";
import { writeJson } from "./stdout.js";
import { clean, size } from "./text.js";

export const reportOptions = {
  json: { type: "boolean", default: false },
  quiet: { type: "boolean", short: "q", default: false },
} as const;

export const reportHelp = `What it says:
  --json            an object of JSON in a line each on standard output, told apart by "type"
  -q, --quiet       nothing but what went wrong`;

/** A file that is whole. */
export interface FileReport {
  /** Where it is; `-` is standard output. */
  path: string;
  /** By which name Anaplan knows it. */
  name: string;
  bytes: number;
  caveats?: readonly string[];
}

/** Hears what happens, and says as much of it as is wanted. */
export interface Report {
  started(ref: TaskRef, url: string): void;
  status(status: TaskStatus): void;
  /** `hint` is what helps against a failure. */
  ended(status: TaskStatus, hint?: string): void;
  transfer(name: string, progress: TransferProgress): void;
  file(file: FileReport): void;
  event(event: ClientEvent): void;
  /** Something else: `text` for people, `value` for programs. */
  say(text: string, value: { type: string; [name: string]: unknown }): void;
  /** What somebody must do before it goes on. */
  ask(text: string, value: { type: string; [name: string]: unknown }): void;
  /** What somebody must hear in any case. */
  fail(text: string, value: { type: string; [name: string]: unknown }): void;
  /** Nothing more comes. */
  end(): void;
}

export function reportFor({ json, quiet }: { json?: boolean; quiet?: boolean }): Report {
  if (json) return new JsonReport();
  if (quiet) return new QuietReport();
  const isTerminal = process.stderr.isTTY && process.env.TERM !== "dumb";
  return isTerminal ? new TerminalReport() : new LogReport();
}

/** An object in a line each, on standard output; what went wrong, in words on standard error, too. */
class JsonReport implements Report {
  started(ref: TaskRef, url: string): void {
    writeJson({ type: "started", ref, url });
  }

  status(status: TaskStatus): void {
    writeJson({ type: "status", ...status });
  }

  ended(status: TaskStatus, hint?: string): void {
    if (status.phase !== "succeeded") complain(outcomeText(status, { hint }));
  }

  transfer(): void {}

  file(file: FileReport): void {
    writeJson({ type: "file", ...file });
  }

  event(event: ClientEvent): void {
    if (event.type === "retry" || event.type === "rateLimit") writeJson(event);
  }

  say(_: string, value: object): void {
    writeJson(value);
  }

  ask(text: string, value: object): void {
    writeJson(value);
    process.stderr.write(`${text}\n`);
  }

  fail(text: string, value: object): void {
    writeJson(value);
    complain(text);
  }

  end(): void {}
}

class QuietReport implements Report {
  started(): void {}
  status(): void {}
  transfer(): void {}
  event(): void {}
  say(): void {}
  end(): void {}

  ended(status: TaskStatus, hint?: string): void {
    if (status.phase !== "succeeded") complain(outcomeText(status, { hint }));
  }

  file({ caveats = [] }: FileReport): void {
    for (const caveat of caveats) complain(clean(caveat));
  }

  ask(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  fail(text: string): void {
    complain(text);
  }
}

/** A line for each change, with the time, as logs have it. */
class LogReport implements Report {
  #last = "";
  #began: number | undefined;

  #log(text: string): void {
    for (const line of text.split("\n")) {
      process.stderr.write(`${new Date().toISOString()}  ${line}\n`);
    }
  }

  started(_: TaskRef, url: string): void {
    this.#log(`started  ${url}`);
  }

  status(status: TaskStatus): void {
    const text = taskWords(status);
    if (!status.done) this.#began ??= beginOf(status);
    // The end has more to say.
    if (text !== this.#last && !status.done) this.#log(text);
    this.#last = text;
  }

  ended(status: TaskStatus, hint?: string): void {
    this.#log(outcomeText(status, { took: tookOf(status, this.#began), hint }));
  }

  transfer(): void {}

  file(file: FileReport): void {
    this.#log(fileText(file));
  }

  event(event: ClientEvent): void {
    const text = eventText(event);
    if (text) this.#log(text);
  }

  say(text: string): void {
    this.#log(text);
  }

  ask(text: string): void {
    this.#log(text);
  }

  fail(text: string): void {
    this.#log(text);
  }

  end(): void {}
}

/** A line that changes while something goes on. */
class TerminalReport implements Report {
  readonly #line = new LiveLine(process.stderr);
  readonly #colours = !process.env.NO_COLOR && process.stderr.hasColors();
  #note: string | undefined;
  #began: number | undefined;

  started(_: TaskRef, url: string): void {
    this.#line.print(`started ${url}\n`);
  }

  status(status: TaskStatus): void {
    this.#note = undefined;
    if (status.done) return this.#line.end();
    const began = (this.#began ??= beginOf(status));
    this.#line.show((columns, beat) =>
      taskLine(status, this.#note, began, Date.now(), { columns, beat, colours: this.#colours }),
    );
  }

  ended(status: TaskStatus, hint?: string): void {
    const [first, ...more] = outcomeText(status, { took: tookOf(status, this.#began), hint }).split(
      "\n",
    );
    const colour = status.phase === "succeeded" ? 32 : status.phase === "failed" ? 31 : 33;
    const shown = this.#colours ? `\u001b[${colour}m${first}\u001b[39m` : first;
    this.#line.print([shown, ...more, ""].join("\n"));
  }

  transfer(name: string, progress: TransferProgress): void {
    // The file is to be seen there, and nothing in between.
    if (process.stdout.isTTY && name === "-") return;
    this.#note = undefined;
    this.#line.show((columns, beat) =>
      transferLine(name, progress, this.#note, { columns, beat, colours: this.#colours }),
    );
  }

  file(file: FileReport): void {
    this.#line.end();
    this.#line.print(`${fileText(file)}\n`);
  }

  event(event: ClientEvent): void {
    this.#note = eventText(event) ?? this.#note;
  }

  say(text: string): void {
    this.#line.print(`${text}\n`);
  }

  ask(text: string): void {
    this.#line.print(`${text}\n`);
  }

  fail(text: string): void {
    this.#line.end();
    complain(text);
  }

  end(): void {
    this.#line.end();
  }
}

function complain(text: string): void {
  process.stderr.write(`anaplan-tasks: ${text}\n`);
}

function fileText({ path, name, bytes, caveats = [] }: FileReport): string {
  const where = path === "-" ? clean(name) : clean(path);
  return [`${where}  ${size(bytes)}`, ...caveats.map((caveat) => `  ${clean(caveat)}`)].join("\n");
}

/** Known of those that were seen before their end. */
function tookOf({ observedAt }: TaskStatus, began: number | undefined): number | undefined {
  return began === undefined ? undefined : observedAt - began;
}

/** What keeps a person waiting. */
function eventText(event: ClientEvent): string | undefined {
  const seconds = (ms: number) => `${Math.max(1, Math.round(ms / 1_000))} s`;
  if (event.type === "rateLimit") {
    return `Anaplan grants no more requests for ${seconds(event.delay)}`;
  }
  if (event.type === "retry") {
    return `trying again in ${seconds(event.delay)}: ${clean(event.message)}`;
  }
  return undefined;
}
