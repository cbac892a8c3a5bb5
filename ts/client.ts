import { load, type Client } from "./core.js";
import { AnaplanError } from "./error.js";
import { task } from "./task.js";
import type { Anaplan, ConnectOptions, TaskRef } from "./types.js";

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
    throw new AnaplanError({
      code: "INVALID_ARGUMENT",
      message: "wasm: reading it throws",
      retryable: false,
      cause,
    });
  }
}
