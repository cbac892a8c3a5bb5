// What a task left to download, and how far that is.
import type { AnaplanError } from "../error.js";
import type {
  Anaplan,
  Download,
  DownloadOptions,
  Task,
  TaskResult,
  TaskStatus,
  TransferProgress,
} from "../types.js";
import { filled } from "./strings.js";
import { messageOf, type Language } from "./facts.js";
import { withoutTask } from "./path.js";
import { plain } from "./text.js";

interface Source {
  /** Whose rows they are, of a process. */
  step?: string;
  kind: "file" | "rows";
  open(options: DownloadOptions): Promise<Download>;
}

/** What there is to download when it is over. */
export function sourcesOf(status: TaskStatus, task: Task, client: Anaplan | undefined): Source[] {
  const { phase, result, ref } = status;
  if ("exportId" in ref) {
    if (phase !== "succeeded" || !client) return [];
    const action = client.action(withoutTask(ref));
    // Nothing tells another's file apart but the client's own checks.
    return [{ kind: "file", open: (options) => action.download({ ...options, after: status }) }];
  }
  if (!result) return [];
  if (!("processId" in ref)) {
    if (!result.failureDumpAvailable) return [];
    return [{ kind: "rows", open: (options) => task.dump(options) }];
  }
  // Of a process, each step has its own.
  return stepsOf(result).flatMap(({ failureDumpAvailable, objectId, objectName }) => {
    if (!failureDumpAvailable || !objectId) return [];
    const open = (options: DownloadOptions) => task.dump({ ...options, objectId });
    return [{ kind: "rows" as const, step: objectName ?? objectId, open }];
  });
}

/** All of them, in order; not by recursion, since they may be nested deeper than calls can be. */
function stepsOf(result: TaskResult): TaskResult[] {
  const steps: TaskResult[] = [];
  const left = [...result.nestedResults].reverse();
  for (let step = left.pop(); step; step = left.pop()) {
    steps.push(step);
    for (const inner of [...step.nestedResults].reverse()) left.push(inner);
  }
  return steps;
}

/** A file that a button saves. */
export class Saving {
  /** From 0 to 1 where that is known, while it is under way. */
  ratio: number | undefined;
  said = "";
  hint = "";
  #source: Source;
  #abort: AbortController | undefined;
  #changed: () => void;

  constructor(source: Source, changed: () => void) {
    this.#source = source;
    this.#changed = changed;
  }

  get isUnderWay(): boolean {
    return this.#abort !== undefined;
  }

  /** What a press of its button does. */
  label(language: Language): string {
    return this.isUnderWay ? language.strings.stopDownload : this.title(language);
  }

  title({ strings }: Language): string {
    const { kind, step } = this.#source;
    if (kind === "file") return strings.download;
    return step ? filled(strings.refusedRowsOf, { name: plain(step, 60) }) : strings.refusedRows;
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** Saves it; rejects with what went wrong, which it also says. */
  async save(language: Language): Promise<void> {
    const { strings, format } = language;
    const { signal } = (this.#abort = new AbortController());
    this.#say(strings.looking);
    try {
      const onProgress = (progress: TransferProgress) => this.#progress(progress, language);
      const download = await this.#source.open({ signal, onProgress });
      const blob = await download.blob();
      const name = fileName(download.name);
      hand(blob, name);
      this.#abort = undefined;
      const amount = format.amount(blob.size);
      this.#say(filled(strings.saved, { name, amount }), download.caveats.join(" "));
    } catch (error) {
      this.#abort = undefined;
      if (signal.aborted) return this.#say(strings.stopped);
      this.#say(filled(strings.notSaved, { message: messageOf(error as AnaplanError) }));
      throw error;
    }
  }

  #progress(
    { bytes, size, chunks, chunkCount = 1 }: TransferProgress,
    { strings, format }: Language,
  ): void {
    const amount = format.amount(bytes);
    if (chunkCount <= 1) return this.#say(amount, "", size && bytes / size);
    const [done, count] = [format.count(chunks), format.count(chunkCount)];
    const text = filled(strings.chunks, { done, count, amount });
    this.#say(text, "", size ? bytes / size : chunks / chunkCount);
  }

  #say(said: string, hint = "", ratio?: number): void {
    this.said = said;
    this.hint = hint;
    this.ratio = ratio;
    this.#changed();
  }
}

/** Whoever named it may have put anything into it; browsers take what is left. */
function fileName(name: string): string {
  return plain(name, 120).replace(/[/\\]/g, "_") || "download";
}

/** As if the server had sent it by this name. */
function hand(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the browser may still be asking where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
