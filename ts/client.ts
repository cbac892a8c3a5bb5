import { action } from "./action.js";
import { load, type Client, type Download, type List, type Watch } from "./core.js";
import { download } from "./download.js";
import { invalid } from "./error.js";
import { rows } from "./lists.js";
import { statuses } from "./statuses.js";
import { task } from "./task.js";
import { upload } from "./upload.js";
import type {
  ActionRef,
  Anaplan,
  CallOptions,
  ConnectOptions,
  DownloadOptions,
  ExportSummary,
  FileRef,
  FileSummary,
  ImportSummary,
  ModelRef,
  OtherActionSummary,
  ProcessSummary,
  TaskRef,
  UploadOptions,
  UploadSource,
  WatchAllOptions,
} from "./types.js";

/**
 * Opens a client. Loads the core on first use; sends nothing.
 *
 * @throws {@link AnaplanError} `INVALID_ARGUMENT`
 * @example
 * ```ts
 * const anaplan = await connect({ auth: process.env.ANAPLAN_TOKEN });
 * const task = anaplan.task({ workspaceId, modelId, exportId, taskId });
 * for await (const status of task.watch()) console.log(status.phase, status.progress);
 * ```
 */
export async function connect(options?: ConnectOptions): Promise<Anaplan> {
  const core = await load(wasmOf(options));
  const client = core.now<Client>(() => core.connect(options));
  const closing = new AbortController();
  const close = () => {
    closing.abort(new DOMException("The client was closed.", "AbortError"));
    client.close(closing.signal.reason);
  };
  const { Call, List } = core;
  const list =
    <T>(what: List) =>
    (model: ModelRef, options?: CallOptions) =>
      rows<T>(core, client, what, model, options);
  const anaplan = {
    task: (ref: TaskRef | string) => {
      return task(core, client, Object.freeze(core.now<TaskRef>(() => core.taskRef(ref))));
    },
    watchAll: (tasks: Iterable<TaskRef | string>, options?: WatchAllOptions) => {
      const refs = listOf(tasks);
      const open = () => core.now<Watch>(() => client.watch(refs, options));
      return statuses(core, open, { onError: options?.onError });
    },
    action: (ref: ActionRef | string) => {
      return action(core, client, Object.freeze(core.now<ActionRef>(() => core.actionRef(ref))));
    },
    file: (given: FileRef) => {
      const ref = Object.freeze(core.now<FileRef>(() => core.fileRef(given)));
      return {
        ref,
        upload: (source: UploadSource, options?: UploadOptions) =>
          upload(core, client, ref, source, options, closing.signal),
        download: async (options?: DownloadOptions) => {
          const file = core.later<Download>(() => client.call(Call.File, ref, options, undefined));
          return download(core, await file, options);
        },
      };
    },
    exports: list<ExportSummary>(List.Exports),
    imports: list<ImportSummary>(List.Imports),
    processes: list<ProcessSummary>(List.Processes),
    actions: list<OtherActionSummary>(List.Actions),
    files: list<FileSummary>(List.Files),
    signIn: (options?: CallOptions) =>
      core.later<void>(() => client.call(Call.SignIn, undefined, options, undefined)),
    close,
  };
  // Not everywhere yet.
  if (!Symbol.dispose) return anaplan as unknown as Anaplan;
  return { ...anaplan, [Symbol.dispose]: close };
}

/** The one option that is needed before the core is there to read the others. */
function wasmOf(options: ConnectOptions | undefined) {
  try {
    return options?.wasm;
  } catch (cause) {
    throw invalid("wasm: reading it throws", cause);
  }
}

function listOf(tasks: Iterable<TaskRef | string>): (TaskRef | string)[] {
  // A text is one, and never what is meant.
  if (typeof tasks === "object" && typeof tasks?.[Symbol.iterator] === "function") {
    return [...tasks];
  }
  throw invalid("tasks: expected an iterable of references, found something else");
}
