import { load, type Client, type Watch } from "./core.js";
import { AnaplanError } from "./error.js";
import { statuses } from "./statuses.js";
import { task } from "./task.js";
import type { Anaplan, ConnectOptions, TaskRef, WatchAllOptions } from "./types.js";

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
  const close = () => client.close(new DOMException("The client was closed.", "AbortError"));
  const anaplan = {
    task: (ref: TaskRef | string) => {
      return task(core, client, Object.freeze(core.now<TaskRef>(() => core.taskRef(ref))));
    },
    watchAll: (tasks: Iterable<TaskRef | string>, options?: WatchAllOptions) => {
      const refs = listOf(tasks);
      const open = () => core.now<Watch>(() => client.watch(refs, options));
      return statuses(core, open, { onError: options?.onError });
    },
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

function invalid(message: string, cause?: unknown): AnaplanError {
  const fields = { code: "INVALID_ARGUMENT", message, retryable: false } as const;
  return new AnaplanError(cause === undefined ? fields : { ...fields, cause });
}
